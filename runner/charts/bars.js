/** Shares as bars, the largest first. */
import { brief, canvas, draw } from "./svg.js";

/**
 * @param {number} width
 * @param {{name: string, share: number}[]} items
 * @param {string} label
 * @returns {SVGElement}
 */
export function bars(width, items, label) {
  const left = Math.min(220, width * 0.38);
  const svg = canvas(width, items.length * 26 + 6, label);
  const most = Math.max(...items.map((item) => item.share), 1e-9);
  for (const [i, { name, share }] of items.entries()) {
    const y = 4 + i * 26;
    const text = draw(svg, "text", { class: "label", x: left - 8, y: y + 14, "text-anchor": "end" }, brief(name, Math.floor(left / 7)));
    draw(text, "title", {}, name);
    draw(svg, "rect", { class: "bar", x: left, y, width: Math.max(1, ((width - left - 56) * share) / most), height: 18, rx: 3 });
    draw(svg, "text", { x: left + ((width - left - 56) * share) / most + 6, y: y + 14 }, `${Math.round(share * 100)} %`);
  }
  return svg;
}
