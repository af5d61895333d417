/** One column against another as points, with a third as their colour. */
import { canvas, draw } from "./svg.js";
import { axisName, having, jitter, scaleOf } from "./scales.js";
import { LEGEND, boxOf, frame, legend, shadeBy } from "./frame.js";

/**
 * @typedef {import("./scales.js").Column} Column
 * @typedef {{id: string, label: string, kind?: string, best?: boolean}} Row
 */

/**
 * @param {number} width
 * @param {number} height
 * @param {Row[]} rows
 * @param {Column} x
 * @param {Column} y
 * @param {{colour?: Column | null, front?: boolean, names?: [string, string], whole?: boolean}} [more] `front` joins the
 *   best; `whole` has ticks at whole numbers only
 * @returns {SVGElement}
 */
export function scatter(width, height, rows, x, y, more = {}) {
  const known = more.colour ? having(x, y, more.colour) : having(x, y);
  const [xs, ys] = [scaleOf(x, known), scaleOf(y, known)];
  if (more.whole) xs.ticks = xs.ticks.filter(([value]) => Number.isInteger(value)).map(([value]) => [value, String(value)]);
  const names = more.names ?? [axisName(x), axisName(y)];
  const svg = canvas(width, height, `${y.name} against ${x.name}, ${known.length} points`);
  const box = boxOf(width, height, xs, more.colour ? LEGEND : 14);
  const { px, py } = frame(svg, box, xs, ys, names);
  const radius = known.length > 400 ? 2.8 : known.length > 100 ? 3.4 : 4.4;
  // Where many rows have the same few values they would hide each other.
  const few = known.length > 30 && new Set(known.map((row) => x.values[row])).size <= 10;
  const spread = xs.levels ? (box.width / xs.levels.length) * 1.1 : few ? box.width * 0.06 : 0;
  /** @param {number} row */
  const place = (row) => ({ cx: px(x.values[row]) + spread * jitter(row), cy: py(y.values[row]) });
  const shade = more.colour ? shadeBy(more.colour, known) : null;
  for (const row of known) {
    const dot = draw(svg, "circle", { class: `dot ${rows[row].kind ?? ""}`.trim(), ...place(row), r: radius, "data-n": row });
    if (shade) dot.setAttribute("fill", shade(row));
    if (shade) dot.classList.add("shaded");
  }
  const best = known.filter((row) => rows[row].best);
  for (const row of best) draw(svg, "circle", { class: "ring", ...place(row), r: radius + 3.2 });
  if (more.front) {
    const joined = [...best].sort((one, other) => Number(x.values[one]) - Number(x.values[other]));
    draw(svg, "path", { class: "best-line", d: joined.map((row, i) => `${i ? "L" : "M"}${px(x.values[row])} ${py(y.values[row])}`).join("") });
  }
  if (more.colour) legend(svg, more.colour, known, box);
  return svg;
}
