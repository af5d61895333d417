/** The list of endpoints. */
import { followList } from "../../static/follow.js";

followList(["endpoints"]);
