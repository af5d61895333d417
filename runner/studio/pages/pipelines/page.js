/** The list of pipelines: kept up to date. */
import { startClocks, updateClocks } from "../../static/clocks.js";
import { follow } from "../../static/follow.js";

follow(["runs"], ["#count", "#list", "#pages"], updateClocks);
startClocks();
