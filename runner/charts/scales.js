/**
 * Scales: the positions of values on an axis.
 *
 * @typedef {{name: string, key?: string, log?: boolean, levels?: string[] | null, values: (number | string | null)[]}} Column
 *   A value for each row, null where it has none. A column with levels has texts.
 * @typedef {{at: (value: any) => number, ticks: [any, string][], levels?: string[]}} Scale
 *   `at` turns a value into a share of the axis from 0 to 1; ticks are values with their texts.
 */

/**
 * Return a value as a short text.
 * @param {any} value
 * @returns {string}
 */
export function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(5)));
}

/**
 * Return the scale of some rows of a column.
 * @param {Column} column
 * @param {number[]} rows
 * @returns {Scale}
 */
export function scaleOf(column, rows) {
  if (column.levels) return levels(column.levels);
  return numeric(rows.map((row) => /** @type {number} */ (column.values[row])), Boolean(column.log));
}

/**
 * @param {number[]} values
 * @param {boolean} log
 * @param {boolean} [tight] whether the axis ends at the smallest and largest value
 * @returns {Scale}
 */
export function numeric(values, log, tight = false) {
  /** @type {(x: number) => number} */
  const f = log ? Math.log10 : (x) => x;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, f(value));
    high = Math.max(high, f(value));
  }
  if (!(low <= high)) [low, high] = [0, 1];
  if (low === high) {
    const room = log ? 1 : Math.abs(low) * 0.1 || 1;
    [low, high] = [low - room, high + room];
  }
  const room = tight ? 0 : (high - low) * 0.05;
  [low, high] = [low - room, high + room];
  return { at: (value) => (f(value) - low) / (high - low), ticks: log ? decades(low, high) : even(low, high) };
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} [count]
 * @returns {[number, string][]}
 */
export function even(low, high, count = 5) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((many) => many * power >= raw) ?? 10);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const large = Math.max(Math.abs(low), Math.abs(high)) >= 1e6;
  /** @type {[number, string][]} */
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high && found.length < 100; i++) {
    found.push([i * step, large || digits > 6 ? shown(i * step) : (i * step).toFixed(digits)]);
  }
  return found;
}

/**
 * @param {number} low
 * @param {number} high
 * @returns {[number, string][]}
 */
function decades(low, high) {
  /** @type {[number, string][]} */
  const found = [];
  const skip = Math.max(1, Math.ceil((high - low) / 6));
  for (let i = Math.ceil(low); i <= high; i += skip) found.push([10 ** i, i < -3 || i > 5 ? `1e${i}` : shown(10 ** i)]);
  return found.length ? found : even(10 ** low, 10 ** high);
}

/**
 * @param {string[]} names
 * @returns {Scale}
 */
export function levels(names) {
  const skip = Math.ceil(names.length / 8);
  const index = new Map(names.map((name, i) => [name, i]));
  return {
    at: (value) => ((index.get(String(value)) ?? 0) + 0.5) / names.length,
    ticks: names.map((name, i) => [name, i % skip ? "" : name]),
    levels: names,
  };
}

/**
 * Return the rows that have a value in all of some columns.
 * @param {Column[]} columns
 * @returns {number[]}
 */
export function having(...columns) {
  const found = [];
  for (let row = 0; row < (columns[0]?.values.length ?? 0); row++) {
    if (columns.every((column) => column.values[row] !== null && column.values[row] !== undefined)) found.push(row);
  }
  return found;
}

/**
 * Return a shift from -1/4 to 1/4 for a row whose value many rows share. It is always the same for a row.
 * @param {number} row
 */
export function jitter(row) {
  return (((row + 1) * 2654435761) >>> 0) / 4294967296 / 2 - 0.25;
}

/**
 * Return an axis's name.
 * @param {Column} column
 */
export function axisName(column) {
  return column.name + (column.log ? "  (log scale)" : "");
}
