/** The script of `sweep.html`: draws the embedded sweep. */
import { sweepView } from "./sweep_view.js";

const root = document.getElementById("sweep");
const data = document.getElementById("data");
if (root && data) sweepView(root).update(JSON.parse(data.textContent ?? "{}"));
