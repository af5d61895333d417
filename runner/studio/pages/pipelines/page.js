/** The list of pipelines. */
import { followList } from "../../static/follow.js";

followList(["runs"]);
