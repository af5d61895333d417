/** The end of an endpoint's log, which is followed until its reader scrolls up. */
import { get } from "../../static/dom.js";
import { endpoint } from "./ask.js";

const NEAR = 40; // pixels from the end that count as the end
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
  try {
    const log = which();
    const { text, state } = await endpoint(`log?${new URLSearchParams({ ...(log ? { log } : {}), known })}`);
    if (text === null || log !== which()) return;
    known = state;
    const place = get("#log", HTMLElement);
    place.textContent = text || (log ? "The log is empty." : "There is no log. A server in a terminal prints there.");
    place.scrollTop = place.scrollHeight;
  } finally {
    asking = false;
  }
}

/** Show what was added, if the page follows the log and is seen. */
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
