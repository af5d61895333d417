/** Times of charts. Plotly has no time zones, so it is given local times. */

/**
 * @param {number} milliseconds since 1970
 * @returns {string}
 */
export function localTime(milliseconds) {
  return new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
}

/**
 * Return the milliseconds since 1970 of a local time from plotly, such as an end of the visible range.
 * @param {string} text
 */
export function ofLocalTime(text) {
  return new Date(text.replace(" ", "T")).getTime();
}
