/** The frame of a chart with two axes, and the legend of its colours. */
import { brief, colour, draw } from "./svg.js";
import { axisName, scaleOf, shown } from "./scales.js";

export const LEGEND = 90; // the width of a legend

/**
 * @typedef {import("./scales.js").Scale} Scale
 * @typedef {import("./scales.js").Column} Column
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 */

/**
 * Return the box of a chart inside the labels of its axes.
 * @param {number} width
 * @param {number} height
 * @param {Scale} x
 * @param {number} [right] room for a legend
 * @returns {Box}
 */
export function boxOf(width, height, x, right = 14) {
  const below = isTilted(x, width - 58 - right) ? 74 : 44;
  return { left: 58, top: 26, width: width - 58 - right, height: height - 26 - below };
}

/**
 * @param {Scale} x
 * @param {number} width
 */
function isTilted(x, width) {
  return Boolean(x.levels) && width / Math.max(1, x.ticks.filter((tick) => tick[1]).length) < 75;
}

/**
 * Draw two axes.
 * @param {SVGElement} svg
 * @param {Box} box
 * @param {Scale} x
 * @param {Scale} y
 * @param {[string, string]} names
 * @returns {{px: (value: any) => number, py: (value: any) => number}} the positions of values
 */
export function frame(svg, box, x, y, names) {
  const { left, top, width, height } = box;
  /** @param {any} value */
  const px = (value) => left + x.at(value) * width;
  /** @param {any} value */
  const py = (value) => top + (1 - y.at(value)) * height;
  for (const [value, text] of y.ticks) {
    draw(svg, "line", { class: "tick", x1: left, x2: left + width, y1: py(value), y2: py(value) });
    const label = draw(svg, "text", { x: left - 6, y: py(value) + 4, "text-anchor": "end" }, brief(text, 8));
    if (text.length > 8) draw(label, "title", {}, text);
  }
  const room = width / Math.max(1, x.ticks.filter((tick) => tick[1]).length);
  const tilted = isTilted(x, width);
  for (const [value, text] of x.ticks) {
    if (!text) continue;
    if (!x.levels) draw(svg, "line", { class: "tick", x1: px(value), x2: px(value), y1: top, y2: top + height });
    /** @type {Record<string, string | number>} */
    const place = tilted
      ? { transform: `translate(${px(value) + 3} ${top + height + 12}) rotate(-38)`, "text-anchor": "end" }
      : { x: px(value), y: top + height + 16, "text-anchor": "middle" };
    const label = draw(svg, "text", place, brief(text, tilted ? 10 : Math.max(5, Math.floor(room / 6.5))));
    draw(label, "title", {}, text);
  }
  draw(svg, "path", { class: "axis", d: `M${left} ${top}V${top + height}H${left + width}` });
  const middle = { class: "label", x: left + width / 2, y: top + height + (tilted ? 66 : 36), "text-anchor": "middle" };
  draw(draw(svg, "text", middle, brief(names[0], Math.floor(width / 7))), "title", {}, names[0]);
  draw(draw(svg, "text", { class: "label", x: 4, y: 14 }, brief(names[1], Math.floor((width + 58) / 7))), "title", {}, names[1]);
  return { px, py };
}

/**
 * Return a row's colour by a column.
 * @param {Column} column
 * @param {number[]} rows
 * @returns {(row: number) => string}
 */
export function shadeBy(column, rows) {
  const scale = scaleOf(column, rows);
  return (row) => colour(scale.at(column.values[row]));
}

/**
 * Draw the legend of the colours to the right of a chart.
 * @param {SVGElement} svg
 * @param {Column} column
 * @param {number[]} rows
 * @param {Box} box
 */
export function legend(svg, column, rows, box) {
  const scale = scaleOf(column, rows);
  const [x, steps] = [box.left + box.width + 18, 40];
  draw(draw(svg, "text", { class: "label", x: x + 66, y: 14, "text-anchor": "end" }, brief(axisName(column), 14)), "title", {}, column.name);
  for (let i = 0; i < steps; i++) {
    const y = box.top + box.height * (1 - (i + 1) / steps);
    draw(svg, "rect", { x, y, width: 10, height: box.height / steps + 0.6, fill: colour((i + 0.5) / steps) });
  }
  for (const [value, text] of scale.ticks) {
    if (text) draw(svg, "text", { x: x + 15, y: box.top + box.height * (1 - scale.at(value)) + 4 }, brief(text || shown(value), 8));
  }
}
