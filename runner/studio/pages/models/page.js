/** The list of models: it follows the workspace. */
import { follow } from "../../static/follow.js";

follow(["models", "endpoints"], ["#count", "#list"]);
