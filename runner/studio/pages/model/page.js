/** A model: its chart, its actions, and the version to compare with. */
import { ask } from "../../static/asking.js";
import { draw } from "../../static/chart.js";
import { get, post, refresh, toast } from "../../static/dom.js";
import { follow } from "../../static/follow.js";

/** @typedef {import("../../static/asking.js").Question} Question */

const PARTS = ["#head", "#about", "#lineage", "#over", "#aliases", "#compared", "#versions"];
const head = get("#head", HTMLElement);
const name = head.dataset.name ?? "";
const version = head.dataset.version ?? "";

/** @type {Record<string, (value: string) => Question>} */
const QUESTIONS = {
  alias: () => ({
    title: "Move an alias",
    text: `The alias will point to version ${version}. Endpoints that follow it switch to this version.`,
    label: "Alias", value: "champion", go: "Move",
  }),
  drop: (alias) => ({ title: `Drop ${alias}`, text: "The alias then points to no version. Its history stays.", go: "Drop", danger: true }),
  tag: () => ({ title: "Tag", text: "NAME=VALUE. A name alone removes the tag.", label: "Tag", go: "Tag" }),
  delete: () => ({
    title: `Delete ${name}:${version}`,
    text: "The model's files are removed and cannot be brought back. It is refused while an alias or an endpoint needs the version.",
    go: "Delete", danger: true,
  }),
};

/** @param {HTMLElement} button */
async function act(button) {
  const action = button.dataset.ask ?? "";
  const question = QUESTIONS[action];
  const value = button.dataset.value ?? "";
  const answer = question ? await ask(question(value)) : "";
  if (answer === null) return;
  const at = button.dataset.at ?? version;
  try {
    const { done } = await post(`${base()}/${at}/${action}`, [["value", answer || value]]);
    toast(done);
    if (action === "delete") location.assign(base());
    else await update();
  } catch (error) {
    complain(error);
  }
}

/** @param {unknown} error */
function complain(error) {
  toast(error instanceof Error ? error.message : String(error), true);
}

/** Return the model's address without a version. */
function base() {
  const parts = location.pathname.split("/");
  return parts.slice(0, parts.indexOf("model") + 2).join("/");
}

async function update() {
  await refresh(location.href, PARTS);
  drawMetric();
}

function drawMetric() {
  const place = document.getElementById("chart");
  if (!place) return;
  /** @type {[number, number][]} */
  const values = JSON.parse(place.dataset.values ?? "[]");
  const shown = Number(place.dataset.shown);
  const chosen = values.filter(([number]) => number === shown);
  const line = { x: values.map(([x]) => x), y: values.map(([, y]) => y), mode: "lines+markers", name: place.dataset.name, hovertemplate: "version %{x}<br>%{y}<extra></extra>" };
  const mark = {
    x: chosen.map(([x]) => x), y: chosen.map(([, y]) => y), mode: "markers", hoverinfo: "skip",
    marker: { size: 13, symbol: "circle-open", line: { width: 2 }, color: "#d55e00" }, name: "this version",
  };
  const step = Math.max(1, Math.ceil(values.length / 12));
  draw(place, [line, mark], {
    showlegend: false, xaxis: { title: { text: "version" }, dtick: step, tick0: 1 }, yaxis: { title: { text: place.dataset.name } },
    margin: { l: 56, r: 12, t: 8, b: 44 },
  }).catch((error) => toast(error.message, true));
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-ask]") : null;
  if (button instanceof HTMLElement) act(button);
});

// The choice is in the address, so links, reloads and the back button show the same.
document.addEventListener("change", (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || !["metric", "with"].includes(select.name)) return;
  const address = new URL(location.href);
  if (select.value) address.searchParams.set(select.name, select.value);
  else address.searchParams.delete(select.name);
  history.pushState(null, "", address);
  update().catch(complain);
});
addEventListener("popstate", () => update().catch(complain));

follow(["models", "endpoints"], PARTS, drawMetric);
drawMetric();
