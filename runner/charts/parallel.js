/**
 * Parallel coordinates: a line for each row across all axes. A drag along an axis keeps the rows in a range. With the
 * keyboard, an axis is a slider: arrows move the range, and Escape removes it.
 *
 * Plotly's version needs WebGL and compiles functions from text, which the Content-Security-Policy forbids.
 *
 * @typedef {import("./scales.js").Column} Column
 * @typedef {Map<string, [number, number]>} Ranges shares of an axis from 0 to 1, by the key of its column
 */
import { brief, canvas, colour, draw } from "./svg.js";
import { axisName, jitter, scaleOf } from "./scales.js";

/**
 * Return the key of a column.
 * @param {Column} column
 */
export function keyOf(column) {
  return column.key ?? column.name;
}

/**
 * Return the position of a row on an axis. Rows at one level are spread a little, or they would hide each other.
 * @param {Column} column
 * @param {import("./scales.js").Scale} scale
 * @param {number} row
 */
function share(column, scale, row) {
  return scale.at(column.values[row]) + (scale.levels ? jitter(row) / scale.levels.length : 0);
}

/**
 * Return the rows that have a value on all axes.
 * @param {Column[]} columns
 * @param {number} count
 */
function complete(columns, count) {
  return [...Array(count).keys()].filter((row) => columns.every((one) => one.values[row] !== null));
}

/**
 * Return the rows inside all ranges, or null if there are no ranges.
 * @param {Column[]} columns
 * @param {Ranges} ranges
 * @param {number} count
 * @returns {Set<number> | null}
 */
export function inside(columns, ranges, count) {
  const chosen = columns.filter((column) => ranges.has(keyOf(column)));
  if (!chosen.length) return null;
  const rows = complete(columns, count);
  const scales = new Map(chosen.map((column) => [column, scaleOf(column, rows)]));
  return new Set(rows.filter((row) => chosen.every((column) => {
    const [low, high] = /** @type {[number, number]} */ (ranges.get(keyOf(column)));
    const at = share(column, /** @type {any} */ (scales.get(column)), row);
    return at >= low && at <= high;
  })));
}

/**
 * @param {number} width at least; many axes need more
 * @param {import("./scatter.js").Row[]} rows
 * @param {Column[]} columns
 * @param {{shade?: Column | null, smaller?: boolean, ranges: Ranges, moved: () => void}} more the column that colours, and
 *   whether smaller values of it are drawn on top; `moved` is called when a range has changed
 * @returns {SVGElement}
 */
export function parallel(width, rows, columns, more) {
  const known = complete(columns, rows.length);
  const scales = columns.map((column) => scaleOf(column, known));
  const gap = Math.max(118, (width - 150) / Math.max(1, columns.length - 1));
  const [height, top, wide] = [340, 46, 150 + gap * (columns.length - 1)];
  const tall = height - top - 18;
  const svg = canvas(wide, height, `Parallel coordinates of ${known.length} runs over ${columns.map((one) => one.name).join(", ")}`);
  svg.setAttribute("role", "group");
  svg.setAttribute("width", String(wide));
  /** @param {number} i */
  const px = (i) => 60 + i * gap;
  /** @param {number} at */
  const py = (at) => top + (1 - at) * tall;
  const shade = shadeOf(more, known);
  const crowded = known.length > 200;
  const order = [...known].sort((one, other) => Number(rows[one].best ?? 0) - Number(rows[other].best ?? 0) || shade(one) - shade(other));
  for (const row of order) {
    const d = columns.map((column, i) => `${i ? "L" : "M"}${px(i).toFixed(1)} ${py(share(column, scales[i], row)).toFixed(1)}`).join("");
    const line = draw(svg, "path", { class: rows[row].best ? "thread winner" : "thread", d, "data-n": row });
    if (!rows[row].best) line.setAttribute("stroke", colour(shade(row)));
    line.setAttribute("stroke-opacity", String(crowded ? 0.18 + 0.5 * shade(row) ** 3 : 0.8));
  }
  columns.forEach((column, i) => {
    draw(svg, "line", { class: "axis", x1: px(i), x2: px(i), y1: top, y2: top + tall });
    const name = draw(svg, "text", { class: "label", x: px(i), y: i % 2 && gap < 130 ? 16 : 30, "text-anchor": "middle" }, brief(axisName(column), Math.floor(gap / 6.8)));
    draw(name, "title", {}, column.key ?? column.name);
    for (const [value, text] of scales[i].ticks) {
      if (!text) continue;
      const label = draw(svg, "text", { class: "halo", x: px(i) + 7, y: py(scales[i].at(value)) + 4 }, brief(text, 13));
      draw(label, "title", {}, text);
    }
    brush(svg, { x: px(i), top, tall }, column, more);
  });
  return svg;
}

/**
 * @param {{shade?: Column | null, smaller?: boolean}} more
 * @param {number[]} known
 * @returns {(row: number) => number}
 */
function shadeOf(more, known) {
  const column = more.shade;
  if (!column) return () => 0.5;
  const scale = scaleOf(column, known.filter((row) => column.values[row] !== null));
  return (row) => {
    if (column.values[row] === null) return 0;
    return more.smaller ? 1 - scale.at(column.values[row]) : scale.at(column.values[row]);
  };
}

/**
 * @param {SVGElement} svg
 * @param {{x: number, top: number, tall: number}} place
 * @param {Column} column
 * @param {{ranges: Ranges, moved: () => void}} more
 */
function brush(svg, { x, top, tall }, column, { ranges, moved }) {
  const key = keyOf(column);
  const range = draw(svg, "rect", { class: "range", x: x - 6, width: 12 });
  const zone = draw(svg, "rect", { class: "brush", x: x - 11, y: top - 6, width: 22, height: tall + 12, tabindex: 0, role: "slider",
    "aria-label": `Range of ${column.name}`, "aria-valuemin": 0, "aria-valuemax": 100 });
  draw(zone, "title", {}, "Drag to choose a range, click to remove it");
  const show = () => {
    const [low, high] = ranges.get(key) ?? [0, 0];
    range.setAttribute("visibility", high > low ? "visible" : "hidden");
    range.setAttribute("y", String(top + (1 - high) * tall));
    range.setAttribute("height", String((high - low) * tall));
    zone.setAttribute("aria-valuenow", String(Math.round(high * 100)));
    zone.setAttribute("aria-valuetext", high > low ? `${Math.round(low * 100)} to ${Math.round(high * 100)} percent of the axis` : "all");
  };
  /**
   * @param {number} low
   * @param {number} high
   */
  const set = (low, high) => {
    // In thousandths as in the address, so that a link keeps the same rows.
    if (high - low > 0.01) ranges.set(key, [Math.round(Math.max(0, low) * 1000) / 1000, Math.round(Math.min(1, high) * 1000) / 1000]);
    else ranges.delete(key);
    show();
    moved();
  };
  /** @param {PointerEvent} event */
  const at = (event) => {
    const box = zone.getBoundingClientRect();
    return 1 - Math.max(0, Math.min(1, (((event.clientY - box.top) / box.height) * (tall + 12) - 6) / tall));
  };
  /** @type {number | null} */
  let from = null;
  zone.addEventListener("pointerdown", (event) => {
    zone.setPointerCapture(event.pointerId);
    from = at(event);
    set(from, from);
  });
  zone.addEventListener("pointermove", (event) => {
    if (from !== null) set(Math.min(from, at(event)), Math.max(from, at(event)));
  });
  for (const end of ["pointerup", "pointercancel"]) zone.addEventListener(end, () => (from = null));
  zone.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (step === undefined && event.key !== "Escape") return;
    event.preventDefault();
    const [low, high] = ranges.get(key) ?? (step && step > 0 ? [0, 0.2] : [0.8, 1]);
    if (step === undefined) set(0, 0);
    else if (event.shiftKey) set(low, Math.max(low + 0.05, high + step)); // a wider or narrower range
    else if (ranges.has(key)) set(Math.min(0.99, low + step), Math.max(0.01, high + step));
    else set(low, high);
  });
  show();
}
