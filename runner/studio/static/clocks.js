/** Durations that grow while a page is open. */

/**
 * Return a duration in the format of tables in the terminal, in whole seconds.
 * @param {number} seconds
 */
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (!minutes) return `${seconds} s`;
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}

/** Show in each element with `data-since` the time since then. */
export function updateClocks() {
  for (const place of document.querySelectorAll("[data-since]")) {
    const since = Date.parse(place.getAttribute("data-since") ?? "");
    place.textContent = duration(Math.max(0, Math.floor((Date.now() - since) / 1000)));
  }
}

/** Update the durations every second. */
export function startClocks() {
  setInterval(updateClocks, 1000);
}
