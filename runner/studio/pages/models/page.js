/** The list of models: kept up to date. */
import { follow } from "../../static/follow.js";

follow(["models", "endpoints"], ["#count", "#list"]);
