/** The list of models. */
import { followList } from "../../static/follow.js";

followList(["models", "endpoints"]);
