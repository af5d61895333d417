/** What `sweep.html` does: it draws the sweep that it has. */
import { sweepView } from "./sweep_view.js";

const root = document.getElementById("sweep");
const data = document.getElementById("data");
if (root && data) sweepView(root).update(JSON.parse(data.textContent ?? "{}"));
