/** The script of a report: draws the charts of a run, a sweep or an experiment from the embedded data. */
import { curves } from "./curves.js";
import { parallel, inside } from "./parallel.js";
import { keep, startPointer } from "./pointer.js";
import { scatter } from "./scatter.js";
import { having } from "./scales.js";
import { sweepView } from "./sweep_view.js";
import { show } from "./svg.js";
import { element, sortable } from "./table.js";

/**
 * @typedef {import("./scales.js").Column & {owner: string, varies: boolean}} Column
 * @typedef {{name: string, curves: {metric: string, step: string, log: boolean, points: [number, number][]}[]}} Run
 * @typedef {{rows: (import("./scatter.js").Row & {name: string})[], columns: Column[], created: string[], statuses: string[]}} Experiment
 */

/**
 * @param {HTMLElement} root
 * @param {Run} run
 */
function showRun(root, run) {
  if (!run.curves.length) return;
  const grid = root.appendChild(element("div", { class: "chart-grid" }));
  for (const curve of run.curves) {
    const place = grid.appendChild(element("figure", { class: "chart" }));
    show(place, (width) => curves(width, 260, [{ row: 0, name: run.name, points: curve.points }], { x: curve.step, y: curve.metric, log: curve.log }));
  }
  startPointer(root, () => []);
}

/**
 * @param {HTMLElement} root
 * @param {Experiment} data
 */
function showExperiment(root, data) {
  const varied = data.columns.filter((column) => column.varies && !(column.levels && column.levels.length > 20));
  const metric = varied.find((column) => column.owner === "metrics" && !column.levels) ?? null;
  const axes = [...varied.filter((column) => column.owner === "params").slice(0, 8), ...varied.filter((column) => column.owner === "metrics").slice(0, 3)];
  startPointer(root, () => data.rows);
  if (metric) {
    const order = { name: "run, oldest first", values: data.rows.map((_, row) => data.rows.length - row) };
    root.append(element("h2", {}, `${metric.name} over the runs`));
    const place = root.appendChild(element("figure", { class: "chart" }));
    show(place, (width) => scatter(width, 280, data.rows, order, metric, { whole: true }));
  }
  if (axes.length > 1 && having(...axes).length > 1) {
    root.append(element("h2", {}, "All together"), element("p", { class: "quiet" }, "A line is a run. Drag along an axis to keep a range of it; click to remove it."));
    const place = root.appendChild(element("figure", { class: "chart scroll" }));
    const ranges = new Map();
    show(place, (width) => parallel(width, data.rows, axes, { shade: metric, ranges, moved: () => keep(root, inside(axes, ranges, data.rows.length)) }));
  }
  const listed = data.columns.filter((column) => column.owner === "params" || column.owner === "metrics").slice(0, 40);
  const names = ["run", "status", "created", ...listed.map((column) => column.name)];
  const lines = data.rows.map((row, at) => ({ row: at, kind: "", link: null, cells: [row.name, data.statuses[at], data.created[at], ...listed.map((column) => column.values[at])] }));
  root.append(element("h2", {}, "Runs"), element("div", { class: "table-box", role: "region", "aria-label": "Runs", tabindex: "0" }, sortable(names, lines)));
}

const root = document.getElementById("report");
const data = JSON.parse(document.getElementById("data")?.textContent ?? "{}");
if (root && data.kind === "run") showRun(root, data);
else if (root && data.kind === "sweep") sweepView(root).update(data);
else if (root) showExperiment(root, data);
