/** The list of sweeps. */
import { followList } from "../../static/follow.js";

followList(["sweeps"]);
