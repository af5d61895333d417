/** The list of data assets: kept up to date. */
import { follow } from "../../static/follow.js";

follow(["data"], ["#count", "#list", "#pages"]);
