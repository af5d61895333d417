/** Curves of a metric over its steps for several runs, with a tooltip for the nearest value. */
import { PALETTE, canvas, draw } from "./svg.js";
import { numeric, shown } from "./scales.js";
import { boxOf, frame } from "./frame.js";

/**
 * @typedef {{row: number, name: string, kind?: string, points: [number, number][]}} Curve
 */

/** Up to so many runs have a colour each. */
export const COLOURED = PALETTE.length;

/**
 * @param {number} width
 * @param {number} height
 * @param {Curve[]} curves
 * @param {{x: string, y: string, log?: boolean}} names
 * @returns {SVGElement}
 */
export function curves(width, height, curves, names) {
  const kept = curves.map((curve) => ({ ...curve, points: names.log ? curve.points.filter(([, y]) => y > 0) : curve.points }));
  const every = kept.flatMap((curve) => curve.points);
  const x = numeric(every.map(([at]) => at), false, true);
  const y = numeric(every.map(([, value]) => value), Boolean(names.log));
  const svg = canvas(width, height, `${names.y} over ${names.x} of ${curves.length === 1 ? "1 run" : `${curves.length} runs`}`);
  const box = boxOf(width, height, x);
  const { px, py } = frame(svg, box, x, y, [names.x, names.y + (names.log ? "  (log scale)" : "")]);
  for (const [i, curve] of kept.entries()) {
    if (!curve.points.length) continue;
    const d = curve.points.map(([at, value], n) => `${n ? "L" : "M"}${px(at).toFixed(1)} ${py(value).toFixed(1)}`).join("");
    const line = draw(svg, "path", { class: `curve ${curve.kind ?? ""}`.trim(), d, "data-n": curve.row });
    if (kept.length <= COLOURED) line.setAttribute("stroke", PALETTE[i]);
    else line.classList.add("many");
    const [at, value] = curve.points[curve.points.length - 1];
    if (curve.kind || curve.points.length === 1) {
      const end = draw(svg, "circle", { class: `end ${curve.kind ?? ""}`.trim(), cx: px(at), cy: py(value), r: 3.2, "data-n": curve.row });
      if (kept.length <= COLOURED) end.setAttribute("stroke", PALETTE[i]);
    }
  }
  point(svg, kept, px, py, names);
  return svg;
}

/**
 * Show the value that is nearest to the pointer.
 * @param {SVGElement} svg
 * @param {Curve[]} curves
 * @param {(value: number) => number} px
 * @param {(value: number) => number} py
 * @param {{x: string, y: string}} names
 */
function point(svg, curves, px, py, names) {
  const mark = draw(svg, "circle", { class: "mark", r: 4, visibility: "hidden" });
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const scale = Number(svg.getAttribute("viewBox")?.split(" ")[2]) / box.width;
    const [left, top] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let [best, far] = [/** @type {{curve: Curve, at: number, value: number} | null} */ (null), 40 ** 2];
    for (const curve of curves) {
      for (const [at, value] of curve.points) {
        const away = (px(at) - left) ** 2 + (py(value) - top) ** 2;
        if (away < far) [best, far] = [{ curve, at, value }, away];
      }
    }
    mark.setAttribute("visibility", best ? "visible" : "hidden");
    if (!best) return void svg.dispatchEvent(new CustomEvent("unpoint", { bubbles: true }));
    mark.setAttribute("cx", String(px(best.at)));
    mark.setAttribute("cy", String(py(best.value)));
    const text = `${best.curve.name}\n${names.y} ${shown(best.value)} at ${names.x} ${shown(best.at)}`;
    svg.dispatchEvent(new CustomEvent("point", { bubbles: true, detail: { row: best.curve.row, text, x: event.clientX, y: event.clientY } }));
  });
  svg.addEventListener("pointerleave", () => mark.setAttribute("visibility", "hidden"));
}
