/** Ranges of axes in an address: `range=LOW~HIGH~KEY`, shares of the axis in thousandths. */

/**
 * @param {URLSearchParams} query
 * @returns {import("./parallel.js").Ranges}
 */
export function readRanges(query) {
  const found = new Map();
  for (const text of query.getAll("range")) {
    const [low, high, ...key] = text.split("~");
    const [from, to] = [Number(low) / 1000, Number(high) / 1000];
    if (from >= 0 && from < to && to <= 1 && key.length) found.set(key.join("~"), [from, to]);
  }
  return found;
}

/**
 * @param {URLSearchParams} query is changed
 * @param {import("./parallel.js").Ranges} ranges
 * @returns {URLSearchParams}
 */
export function writeRanges(query, ranges) {
  query.delete("range");
  for (const [key, [low, high]] of ranges) query.append("range", `${Math.round(low * 1000)}~${Math.round(high * 1000)}~${key}`);
  return query;
}
