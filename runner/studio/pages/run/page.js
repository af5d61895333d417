/** The page of a run: starts the script of its tab, and keeps it up to date. */
import { ask } from "../../static/asking.js";
import { startClocks, updateClocks } from "../../static/clocks.js";
import { complain, get, post, refresh, toast } from "../../static/dom.js";
import { keepCurrent } from "../../static/live.js";
import { startEditing } from "./editing.js";
import { startEnvironment } from "./environment.js";
import { startEvaluation } from "./evaluation.js";
import { startLog } from "./log.js";
import { startMetrics } from "./metrics.js";
import { startResources } from "./resources.js";
import { makeSortable } from "./tables.js";
import { render } from "./terminal.js";

const place = get("#run", HTMLElement);
const run = place.dataset.run ?? "";
const tab = place.dataset.tab ?? "";
const base = place.dataset.base ?? "";

/** @type {Record<string, { parts: string[], start?: (base: string) => (() => Promise<void>) | undefined }>} */
const TABS = {
  overview: { parts: ["#failure", "#facts", "#last-metrics", "#tags"], start: startResources },
  metrics: { parts: [], start: startMetrics },
  evaluation: { parts: [], start: startEvaluation },
  log: { parts: [], start: startLog },
  files: { parts: [] },
  environment: { parts: [] },
  history: { parts: ["#history"] },
};

/** @type {Record<string, import("../../static/asking.js").Question>} */
const QUESTIONS = {
  cancel: { title: "Cancel this run?", text: "Its processes are ended. What it has written is kept.", go: "Cancel the run", stay: "Keep it running", danger: true },
  delete: { title: "Delete this run?", text: "Its outputs, logs and records are removed and cannot be brought back. Registered models stay.", go: "Delete", stay: "Keep it", danger: true },
};

/** @type {Promise<void>} */
let updating = Promise.resolve();
let leaving = false; // the run is being deleted, so the page no longer requests anything of it

/** Render what the server leaves to the browser. */
function finish() {
  for (const line of document.querySelectorAll("[data-terminal]")) line.replaceChildren(render(line.textContent ?? ""));
  for (const table of document.querySelectorAll("table[data-sort]")) makeSortable(/** @type {HTMLTableElement} */ (table));
  for (const one of document.querySelectorAll(".tail")) one.scrollTop = one.scrollHeight;
  updateClocks();
}

/** @param {string} action */
async function act(action) {
  if (QUESTIONS[action] && (await ask(QUESTIONS[action])) === null) return;
  leaving = action === "delete";
  try {
    if (leaving) await updating.catch(() => undefined);
    const answer = await post(place.dataset.act ?? "", [["action", action], ["run", run], ["value", ""]]);
    if (leaving && !answer.problems.length) {
      location.assign(place.dataset.runs ?? "/");
      return;
    }
    if (answer.problems.length) toast(answer.problems.join("\n"), true);
    else await update();
  } catch (error) {
    complain(error);
  }
  leaving = false;
}

/** @type {(() => Promise<void>) | undefined} */
const more = TABS[tab].start?.(base);

/** Update the page. */
function update() {
  updating = renew();
  return updating;
}

async function renew() {
  await refresh(location.href, ["#status", "#actions", ...TABS[tab].parts]);
  finish();
  await more?.();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
  if (button) act(button.getAttribute("data-action") ?? "");
});
startEditing(base, update);
startEnvironment();
startClocks();
finish();

// A child run counts, too.
keepCurrent((change) => Boolean(change.runs?.some((one) => run === one || run.startsWith(`${one}_`))), async () => {
  if (!leaving) await update();
});
