/** Times that grow while a page is open. */

/** Show in each element with `data-since` how long ago that is. */
export function updateClocks() {
  for (const one of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(one.getAttribute("data-since") ?? "")) / 1000));
    const minutes = Math.floor(seconds / 60);
    const rest = String(seconds % 60).padStart(2, "0");
    one.textContent = minutes ? `${minutes} m ${rest} s` : `${seconds} s`;
  }
}

/** Do that every second. */
export function startClocks() {
  setInterval(updateClocks, 1000);
}
