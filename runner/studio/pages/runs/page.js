/** The list of runs: search, columns, selection, curves and updates. */
import { startClocks, updateClocks } from "../../static/clocks.js";
import { keepCurrent } from "../../static/live.js";
import { refresh } from "../../static/dom.js";
import { startSearch } from "./search.js";
import { startColumns } from "./columns.js";
import { showSelection, startSelection } from "./selection.js";
import { drawCurves } from "./curves.js";

const PARTS = ["#count", "#list", "#pages"];

/** Update the list, and keep the selection. */
async function update() {
  const chosen = new Set([...document.querySelectorAll('input[name="run"]:checked')].map((one) => one.getAttribute("value")));
  await refresh(location.href, PARTS);
  for (const one of document.querySelectorAll('input[name="run"]')) {
    if (one instanceof HTMLInputElement) one.checked = chosen.has(one.value);
  }
  await finish();
}

/** Draw what the server leaves to the browser. */
async function finish() {
  showSelection();
  updateClocks();
  await drawCurves();
}

/** Start what a page with runs has. */
async function start() {
  startSearch();
  startColumns();
  startSelection(update);
  for (const select of document.querySelectorAll("#narrow select")) {
    select.addEventListener("change", () => {
      if (select instanceof HTMLSelectElement) select.form?.requestSubmit();
    });
  }
  startClocks();
  await finish();
}

const hasRuns = () => Boolean(document.getElementById("search"));

if (hasRuns()) start();

keepCurrent((change) => Boolean(change.runs || change.sweeps), async () => {
  if (hasRuns()) return update();
  await refresh(location.href, ["main"]);
  if (hasRuns()) await start(); // the first run has begun
});
