/** The list of endpoints: it follows the workspace. */
import { follow } from "../../static/follow.js";

follow(["endpoints"], ["#count", "#list"]);
