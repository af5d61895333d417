/** One sweep: its charts, kept up to date while it runs. The chosen objective and ranges are in the address. */
import { sweepView } from "../../../charts/sweep_view.js";
import { readRanges, writeRanges } from "../../../charts/ranges.js";
import { ask } from "../../static/asking.js";
import { complain, copy, get, post, read, refresh } from "../../static/dom.js";
import { keepCurrent } from "../../static/live.js";

const GROWTH = 1.25; // the importance is computed again when the completed trials have grown by this factor
const base = location.pathname;
const id = decodeURIComponent(base.slice(base.lastIndexOf("/") + 1));
const query = new URLSearchParams(location.search);

const view = sweepView(get("#sweep", HTMLElement), {
  objective: Number(query.get("objective") ?? 0) || 0,
  ranges: readRanges(query),
  changed: (objective, ranges) => {
    const now = writeRanges(new URLSearchParams(location.search), ranges);
    if (objective) now.set("objective", String(objective));
    else now.delete("objective");
    const search = now.toString();
    history.replaceState(null, "", search ? `?${search}` : base);
  },
  copy: (code) => copy(code.textContent ?? ""),
  address: (run) => `${base.slice(0, base.lastIndexOf("/sweep/"))}/run/${encodeURIComponent(run)}`,
});

/** @type {any} */
let importance;
let explained = 0; // completed trials when the importance was last computed
let asking = false;
/** @type {any} */
let shown;

async function update() {
  shown = await read(`${base}/data`);
  document.getElementById("loading")?.remove();
  view.update({ ...shown, importance });
  explain().catch(complain);
}

/** Load the importance of the parameters, which takes some seconds, if there are many more trials than before. */
async function explain() {
  const done = shown.trials.filter((/** @type {{status: string}} */ trial) => trial.status === "completed").length;
  if (asking || !shown.objectives.length || done < 6 || done < explained * (shown.state === "running" ? GROWTH : 1) || done === explained) return;
  asking = true;
  explained = done;
  try {
    importance = (await read(`${base}/importance`)).importance;
    view.update({ ...shown, importance });
  } finally {
    asking = false;
  }
}

async function cancel() {
  const text = "Its running trials are ended, and no other begins. What the trials have written is kept.";
  if ((await ask({ title: "Cancel the sweep?", text, go: "Cancel the sweep", stay: "Keep it running", danger: true })) === null) return;
  await post(`${base}/cancel`, []);
  await refresh(location.href, ["#head"]);
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("#cancel")) cancel().catch(complain);
});

/** @param {import("../../static/live.js").Change} change */
function concerns(change) {
  const mine = shown?.trials.some((/** @type {{run: string}} */ trial) => change.runs?.includes(trial.run));
  return Boolean(change.sweeps?.includes(id) || mine);
}

keepCurrent(concerns, async () => {
  await Promise.all([update(), refresh(location.href, ["#head"])]);
});

update().catch(complain);
