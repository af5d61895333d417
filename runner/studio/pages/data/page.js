/** The list of data assets. */
import { followList } from "../../static/follow.js";

followList(["data"]);
