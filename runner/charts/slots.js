/** When and where trials ran: a lane for each slot, a bar for each trial. */
import { brief, canvas, draw } from "./svg.js";
import { numeric } from "./scales.js";

/**
 * @typedef {{row: number, from: number, to: number, node: string | null}} Span seconds since the sweep began
 */

/**
 * Put spans into as few lanes as possible, with the lanes of a node side by side.
 * @param {Span[]} spans
 * @returns {{node: string | null, spans: Span[]}[]}
 */
export function lanes(spans) {
  /** @type {{node: string | null, spans: Span[]}[]} */
  const found = [];
  for (const span of [...spans].sort((one, other) => one.from - other.from)) {
    const free = found.find((lane) => lane.node === span.node && lane.spans[lane.spans.length - 1].to <= span.from + 1e-3);
    if (free) free.spans.push(span);
    else found.push({ node: span.node, spans: [span] });
  }
  return found.sort((one, other) => (one.node ?? "").localeCompare(other.node ?? ""));
}

/**
 * @param {number} width
 * @param {Span[]} spans
 * @param {import("./scatter.js").Row[]} rows
 * @returns {SVGElement}
 */
export function slots(width, spans, rows) {
  const found = lanes(spans);
  const named = found.some((lane) => lane.node);
  const left = named ? 110 : 58;
  const high = found.length > 24 ? 10 : 20;
  const [top, tall] = [8, found.length * (high + 4)];
  const svg = canvas(width, top + tall + 42, `${spans.length} trials on ${found.length} slots`);
  const x = numeric(spans.flatMap((span) => [span.from, span.to]), false, true);
  /** @param {number} at */
  const px = (at) => left + x.at(at) * (width - left - 14);
  for (const [value, text] of x.ticks) {
    draw(svg, "line", { class: "tick", x1: px(value), x2: px(value), y1: top, y2: top + tall });
    draw(svg, "text", { x: px(value), y: top + tall + 15, "text-anchor": "middle" }, text);
  }
  draw(svg, "text", { class: "label", x: left + (width - left) / 2, y: top + tall + 34, "text-anchor": "middle" }, "seconds since the sweep began");
  for (const [i, lane] of found.entries()) {
    const y = top + i * (high + 4);
    const repeated = i > 0 && found[i - 1].node === lane.node;
    if (high >= 20) draw(svg, "text", { x: left - 8, y: y + 14, "text-anchor": "end" }, named ? (repeated ? "" : brief(lane.node ?? "", 15)) : `slot ${i + 1}`);
    for (const span of lane.spans) {
      const wide = Math.max(1.5, px(span.to) - px(span.from) - 1);
      draw(svg, "rect", { class: `span ${rows[span.row].best ? "winner" : (rows[span.row].kind ?? "")}`.trim(), x: px(span.from), y, width: wide, height: high, rx: 2, "data-n": span.row });
      const number = rows[span.row].id;
      if (high >= 20 && wide > 9 * number.length) draw(svg, "text", { class: "inside", x: px(span.from) + wide / 2, y: y + 14, "text-anchor": "middle" }, number);
    }
  }
  return svg;
}
