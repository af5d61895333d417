/** A first drawing of curves, which shows them while the library that draws charts starts. */
import { curves as drawing } from "../../../charts/curves.js";
import { isReady } from "../../static/chart.js";

/** @typedef {{ x: number[], y: (number | null)[] }} Line */

/**
 * Draw curves over their steps in a place, if the library is not ready. `draw` takes its place.
 * @param {HTMLElement} place
 * @param {string} name of the metric
 * @param {Line[]} lines
 * @param {boolean} log
 * @returns {boolean} whether it drew them
 */
export function sketch(place, name, lines, log) {
  if (isReady() || place.childElementCount) return false;
  const curves = lines.map((line, row) => ({ row, name, points: pointsOf(line) }));
  const svg = drawing(place.clientWidth, place.clientHeight, curves, { x: "step", y: name, log });
  svg.classList.add("sketch");
  place.replaceChildren(svg);
  return true;
}

/** @returns {Promise<void>} resolves when the browser has shown what was drawn */
export function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/**
 * @param {Line} line
 * @returns {[number, number][]} its points without gaps
 */
function pointsOf(line) {
  return line.x.flatMap((x, at) => {
    const y = line.y[at];
    return x === null || y === null ? [] : [/** @type {[number, number]} */ ([x, y])];
  });
}
