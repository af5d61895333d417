/** The list of endpoints: kept up to date. */
import { follow } from "../../static/follow.js";

follow(["endpoints"], ["#count", "#list"]);
