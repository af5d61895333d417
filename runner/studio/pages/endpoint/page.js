/** An endpoint: its live traffic, a form to try it, its log, and its actions. */
import { ask } from "../../static/asking.js";
import { draw } from "../../static/chart.js";
import { complain, get, post, readPart, refresh, toast } from "../../static/dom.js";
import { follow } from "../../static/follow.js";
import { endpoint, hasKey, useKey } from "./ask.js";
import { showForm, startForm } from "./form.js";
import { followLog, showLog, startLog } from "./log.js";
import { between } from "./traffic.js";

/** @typedef {import("./traffic.js").Counts} Counts */

const PARTS = ["#head", "#serves"];
const EVERY = 2000; // milliseconds between two readings while the page is visible; there is no file to watch
const KEPT = 150; // points of a chart
const base = location.pathname.replace(/\/$/, "");
/** @type {{time: Date, rate: number, p50: number | null, p95: number | null}[]} */
const points = [];
/** @type {{counts: Counts, at: number} | null} */
let last = null;
let asking = false;

/** @returns {DOMStringMap} */
const head = () => get("#head", HTMLElement).dataset;
const runs = () => ["serving", "degraded"].includes(head().state ?? "");
const locked = () => head().keys === "1" && !hasKey();

/** Read the counters, and draw. */
async function measure() {
  if (asking || document.hidden || !runs() || locked()) return;
  asking = true;
  try {
    /** @type {Counts} */
    const counts = await endpoint("measures");
    const at = performance.now();
    if (last) points.push({ time: new Date(), ...between(last.counts, counts, (at - last.at) / 1000) });
    if (points.length > KEPT) points.shift();
    last = { counts, at };
    showTraffic(counts);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
  asking = false;
}

/** @param {string} text */
function say(text) {
  get("#no-traffic", HTMLElement).textContent = text;
  get("#no-traffic", HTMLElement).hidden = false;
  get("#traffic", HTMLElement).hidden = true;
}

/** @param {Counts} counts */
function showTraffic(counts) {
  get("#no-traffic", HTMLElement).hidden = true;
  get("#traffic", HTMLElement).hidden = false;
  const now = points.at(-1);
  const whole = between(null, counts, 1);
  const share = counts.count ? ` (${((100 * counts.errors) / counts.count).toPrecision(2)} %)` : "";
  write("rate", now ? now.rate.toFixed(now.rate < 10 ? 1 : 0) : "–");
  write("p50", milliseconds(whole.p50));
  write("p95", milliseconds(whole.p95));
  write("requests", counts.count.toLocaleString("en"));
  write("rows", counts.rows.toLocaleString("en"));
  write("errors", `${counts.errors.toLocaleString("en")}${counts.errors ? share : ""}`);
  const x = points.map((one) => one.time);
  const until = Date.now();
  const layout = {
    xaxis: { type: "date", range: [until - KEPT * EVERY, until], nticks: 5 },
    margin: { l: 44, r: 8, t: 4, b: 28 }, showlegend: false, yaxis: { rangemode: "tozero" } };
  const line = { x, mode: "lines", connectgaps: false };
  draw(get("#rate-chart", HTMLElement), [{ ...line, y: points.map((one) => one.rate), name: "requests" }], layout);
  draw(get("#latency-chart", HTMLElement), [
    { ...line, y: points.map((one) => thousand(one.p50)), name: "median" },
    { ...line, y: points.map((one) => thousand(one.p95)), name: "95 %", line: { dash: "dot" } },
  ], { ...layout, showlegend: true, legend: { orientation: "h", x: 1, xanchor: "right", y: 1.1 } });
}

/**
 * @param {string} id
 * @param {string} text
 */
function write(id, text) {
  get(`#${id}`, HTMLElement).textContent = text;
}

/** @param {number | null} seconds */
const thousand = (seconds) => (seconds === null ? null : seconds * 1000);
/** @param {number | null} seconds */
const milliseconds = (seconds) => (seconds === null ? "–" : `${(seconds * 1000).toPrecision(2)} ms`);

async function showDrift() {
  get("#drift", HTMLElement).replaceChildren(...(await readPart(`${base}/drift`)));
}

/** @type {Record<string, (button: HTMLElement) => import("../../static/asking.js").Question>} */
const QUESTIONS = {
  rollback: (button) => ({ title: "Roll back", text: `It will serve ${button.dataset.to} again. No request is lost.`, go: "Roll back" }),
  stop: () => ({ title: "Stop the endpoint", text: "Requests in progress are answered first. Later ones are refused until a version is deployed again.", go: "Stop", danger: true }),
};

/**
 * @param {string} action
 * @param {[string, string][]} fields
 */
async function act(action, fields) {
  try {
    toast("Working…");
    const { done } = await post(`${base}/${action}`, fields);
    toast(done);
    await update();
  } catch (error) {
    complain(error);
  }
}

async function update() {
  await refresh(location.href, PARTS);
  askAll();
}

/** Load everything that comes from the endpoint or its logs. */
function askAll() {
  measure();
  showLog().catch(complain);
  showDrift().catch(complain);
  if (document.getElementById("form") && runs() && !locked()) {
    showForm().catch((error) => (get("#no-form", HTMLElement).textContent = error.message));
  }
  if (locked()) for (const id of ["no-traffic", "no-form"]) {
    const place = document.getElementById(id);
    if (place && runs()) place.textContent = "This endpoint needs a key. Paste one above.";
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-ask]") : null;
  if (!(button instanceof HTMLElement)) return;
  const action = button.dataset.ask ?? "";
  if ((await ask(QUESTIONS[action](button))) !== null) await act(action, []);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !["deploy", "key-form"].includes(form.id)) return;
  event.preventDefault();
  if (form.id === "key-form") {
    useKey(get("#key", HTMLInputElement).value);
    askAll();
    return;
  }
  const fields = /** @type {[string, string][]} */ ([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const reference = fields.find(([name]) => name === "reference")?.[1];
  const text = `${reference} is loaded and tried first. Then it gets its share of the requests.`;
  if ((await ask({ title: "Deploy", text, go: "Deploy" })) !== null) await act("deploy", fields);
});

startLog(complain);
if (document.getElementById("form")) startForm();
follow(["endpoints", "models"], PARTS);
askAll();
setInterval(() => {
  measure();
  followLog().catch(() => {}); // the status in the page's head says that the studio does not answer
}, EVERY);
