/** The objective over the trials, with the best so far. */
import { draw } from "./svg.js";
import { having, scaleOf } from "./scales.js";
import { boxOf } from "./frame.js";
import { scatter } from "./scatter.js";

/**
 * @param {number} width
 * @param {number} height
 * @param {import("./scatter.js").Row[]} rows
 * @param {import("./scales.js").Column} number
 * @param {import("./scales.js").Column} objective
 * @param {{smaller: boolean, name: string}} goal
 * @returns {SVGElement}
 */
export function history(width, height, rows, number, objective, goal) {
  const svg = scatter(width, height, rows, number, objective, { names: ["trial", goal.name], whole: true });
  const known = having(number, objective);
  const [x, y] = [scaleOf(number, known), scaleOf(objective, known)];
  const box = boxOf(width, height, x);
  const sign = goal.smaller ? -1 : 1;
  let [path, top, end] = ["", -Infinity, box.left];
  for (const row of known) {
    const at = box.left + x.at(number.values[row]) * box.width;
    end = Math.max(end, at);
    const value = sign * Number(objective.values[row]);
    if (rows[row].kind || value <= top) continue;
    top = value;
    const up = box.top + (1 - y.at(objective.values[row])) * box.height;
    path += path ? `H${at}V${up}` : `M${at} ${up}`;
  }
  if (path) draw(svg, "path", { class: "best-line", d: `${path}H${end}` });
  for (let row = 0; row < rows.length; row++) {
    if (rows[row].kind !== "failed") continue;
    const [cx, cy] = [box.left + Math.max(0, Math.min(1, x.at(number.values[row]))) * box.width, box.top + box.height - 6];
    draw(svg, "path", { class: "cross", d: `M${cx - 3} ${cy - 3}l6 6m0 -6l-6 6`, "data-n": row, "pointer-events": "bounding-box" });
  }
  return svg;
}
