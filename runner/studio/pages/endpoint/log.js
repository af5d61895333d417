/** The end of an endpoint's log, followed until the user scrolls up. */
import { get } from "../../static/dom.js";
import { endpoint } from "./ask.js";

const NEAR = 40; // pixels from the end within which the log is followed
let known = "";
let asking = false;

const which = () => {
  const field = document.getElementById("which-log");
  return field instanceof HTMLSelectElement ? field.value : "";
};

/** Show the log as it is now. */
export async function showLog() {
  if (asking) return;
  asking = true;
  const log = which();
  try {
    const { text, state } = await endpoint(`log?${new URLSearchParams({ ...(log ? { log } : {}), known })}`);
    if (text !== null && log === which()) {
      known = state;
      const place = get("#log", HTMLElement);
      place.textContent = text || (log ? "The log is empty." : "There is no log. A server in a terminal prints there.");
      place.scrollTop = place.scrollHeight;
    }
  } finally {
    asking = false;
  }
  if (log !== which()) await showLog(); // another log was chosen during the request
}

/** Show new lines if the page is visible and follows the log. */
export async function followLog() {
  if (!document.hidden && get("#follow", HTMLInputElement).checked) await showLog();
}

/** @param {(error: Error) => void} complain */
export function startLog(complain) {
  const follow = get("#follow", HTMLInputElement);
  const place = get("#log", HTMLElement);
  place.addEventListener("scroll", () => {
    if (place.scrollHeight - place.scrollTop - place.clientHeight > NEAR) follow.checked = false;
  });
  for (const field of [follow, document.getElementById("which-log")]) {
    field?.addEventListener("change", () => {
      known = "";
      showLog().catch(complain);
    });
  }
}
