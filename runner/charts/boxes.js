/** Box plots of a column by the levels of another: quartiles, the median, and the rows as points. */
import { canvas, draw } from "./svg.js";
import { axisName, having, jitter, levels, scaleOf, shown } from "./scales.js";
import { boxOf, frame } from "./frame.js";

/**
 * Return a quantile of sorted values.
 * @param {number[]} sorted
 * @param {number} share
 */
export function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/**
 * @param {number} width
 * @param {number} height
 * @param {import("./scatter.js").Row[]} rows
 * @param {import("./scales.js").Column} by its numbers are levels, too
 * @param {import("./scales.js").Column} y
 * @returns {SVGElement}
 */
export function boxes(width, height, rows, by, y) {
  const known = having(by, y);
  const names = by.levels ?? [...new Set(known.map((row) => by.values[row]))].sort((one, other) => Number(one) - Number(other)).map(String);
  const [x, ys] = [levels(names), scaleOf(y, known)];
  const svg = canvas(width, height, `${y.name} by ${by.name}`);
  const box = boxOf(width, height, x);
  const { px, py } = frame(svg, box, x, ys, [by.name, axisName(y)]);
  const half = Math.min(46, (box.width / names.length) * 0.32);
  for (const name of names) {
    const group = known.filter((row) => String(by.values[row]) === name);
    const sorted = group.map((row) => Number(y.values[row])).sort((one, other) => one - other);
    if (!sorted.length) continue;
    const middle = px(name);
    const [first, median, third] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
    const fence = 1.5 * (third - first);
    const low = sorted.find((value) => value >= first - fence) ?? first;
    const high = [...sorted].reverse().find((value) => value <= third + fence) ?? third;
    draw(svg, "path", { class: "whisker", d: `M${middle} ${py(low)}V${py(first)}M${middle} ${py(third)}V${py(high)}M${middle - half / 2} ${py(low)}h${half}M${middle - half / 2} ${py(high)}h${half}` });
    const drawn = draw(svg, "rect", { class: "box", x: middle - half, width: 2 * half, y: py(third), height: Math.max(1, py(first) - py(third)) });
    draw(drawn, "title", {}, `${name}: ${sorted.length} runs, median ${shown(median)}`);
    for (const row of group) {
      draw(svg, "circle", { class: `dot ${rows[row].kind ?? ""}`.trim(), cx: middle + 2 * half * jitter(row), cy: py(y.values[row]), r: group.length > 60 ? 2.2 : 3.2, "data-n": row });
    }
    draw(svg, "path", { class: "median", d: `M${middle - half} ${py(median)}h${2 * half}` });
  }
  return svg;
}
