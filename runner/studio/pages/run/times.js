/** Times of charts: plotly shows what it is given, so it is given the time of the browser's zone. */

/**
 * @param {number} milliseconds since 1970
 * @returns {string}
 */
export function localTime(milliseconds) {
  return new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
}

/**
 * Return the milliseconds since 1970 of a time that plotly names, such as an end of what is in sight.
 * @param {string} text
 */
export function ofLocalTime(text) {
  return new Date(text.replace(" ", "T")).getTime();
}
