/** The charts of a comparison. The choices and ranges are in the address. */
import { boxes } from "../../../charts/boxes.js";
import { contour } from "../../../charts/contour.js";
import { COLOURED, curves } from "../../../charts/curves.js";
import { inside, keyOf, parallel } from "../../../charts/parallel.js";
import { keep, startPointer } from "../../../charts/pointer.js";
import { readRanges, writeRanges } from "../../../charts/ranges.js";
import { having } from "../../../charts/scales.js";
import { scatter } from "../../../charts/scatter.js";
import { hide, show } from "../../../charts/svg.js";
import { complain, get, make, read } from "../../static/dom.js";
import { keepCurrent } from "../../static/live.js";

/**
 * @typedef {import("../../../charts/scales.js").Column & {owner: string, varies: boolean}} Column
 * @typedef {import("../../../charts/scatter.js").Row & {name: string}} Row
 * @typedef {{rows: Row[], columns: Column[]}} Data
 */

const HEIGHT = 440;
const [USUAL_PARAMETERS, USUAL_METRICS] = [8, 3]; // axes of the parallel coordinates
const LISTED = 100; // kept runs that are named below the chart
const OWNERS = { params: "Parameters", metrics: "Metrics", tags: "Tags", fact: "Otherwise" };
/** @type {Data} */
let data = { rows: [], columns: [] };

/** @returns {URLSearchParams} */
const query = () => new URLSearchParams(location.search);

/**
 * Put a state into the address. A choice is an entry in the history, and a range is not.
 * @param {URLSearchParams} now
 * @param {boolean} [step]
 */
function remember(now, step = true) {
  const address = `?${now}`;
  if (address === location.search) return;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  for (const link of document.querySelectorAll(".tabs a")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    now.set("view", link.dataset.view ?? "");
    link.search = now.toString();
  }
}

/** @param {string} text */
function note(text) {
  get("#note", HTMLElement).textContent = text;
}

/**
 * Say why there is no chart, and remove the one of an earlier choice.
 * @param {string} text
 */
function showNone(text) {
  note(text);
  hide(get("#chart", HTMLElement));
  get("#kept", HTMLElement).replaceChildren();
}

/**
 * Return the columns to offer: those that vary first, then by owner.
 * @param {(column: Column) => boolean} [fits]
 * @returns {Column[]}
 */
function offered(fits = () => true) {
  const order = { params: 0, metrics: 1, tags: 2, fact: 3 };
  return data.columns.filter(fits).sort((one, other) =>
    Number(other.varies) - Number(one.varies) || order[/** @type {"params"} */ (one.owner)] - order[/** @type {"params"} */ (other.owner)]);
}

/** @param {Column} column */
const isNumber = (column) => !column.levels;

/**
 * Show a selection of columns, and return the one in the address or else the default.
 * @param {string} name of the field in the address
 * @param {string} label
 * @param {Column[]} columns
 * @param {Column | undefined} usual
 * @param {string} [none] the text of an option for no column
 * @returns {Column | undefined}
 */
function choose(name, label, columns, usual, none = "") {
  const given = query().get(name);
  const chosen = columns.find((column) => keyOf(column) === given) ?? (given === "none" && none ? undefined : usual);
  const id = `choose-${name}`;
  const old = document.getElementById(id);
  const select = /** @type {HTMLSelectElement} */ (old ?? make("select", { id }));
  if (!old) {
    for (const [owner, title] of Object.entries(OWNERS)) {
      const group = columns.filter((column) => column.owner === owner);
      if (group.length) select.append(make("optgroup", { label: title }, ...group.map((column) => make("option", { value: keyOf(column) }, column.name))));
    }
    if (none) select.append(make("option", { value: "none" }, none));
    get("#controls", HTMLElement).append(make("label", {}, label, select));
    select.addEventListener("change", () => {
      const now = query();
      now.set(name, select.value);
      remember(now);
      drawView();
    });
  }
  select.value = chosen ? keyOf(chosen) : "none";
  return chosen;
}

/** @returns {Column | undefined} the metric that most runs have */
function firstMetric() {
  return offered((column) => column.owner === "metrics" && isNumber(column))[0] ?? offered(isNumber)[0];
}

/** Draw all axes, and list the runs inside the ranges. */
function drawParallel() {
  const colours = choose("colour", "Colour", offered(), firstMetric());
  const axes = chooseAxes();
  const ranges = readRanges(query());
  const showKept = () => {
    const kept = inside(axes, ranges, data.rows.length);
    keep(get("#chart", HTMLElement), kept);
    const drawn = having(...axes).length;
    const missing = data.rows.length - drawn;
    note(kept
      ? `${kept.size} of ${drawn} runs are in the chosen ranges.`
      : `A line is a run, from dark for the smallest ${colours?.name ?? "value"} to yellow for the largest. Drag along an axis to keep a range of it; click to remove it.${missing ? ` ${missing === 1 ? "1 run has" : `${missing} runs have`} no value on one of the axes.` : ""}`);
    list(kept);
  };
  if (axes.length < 2) return showNone("Two axes with different values are needed. Choose them under Axes.");
  show(get("#chart", HTMLElement), (width) => {
    setTimeout(showKept);
    return parallel(width, data.rows, axes, { shade: colours, ranges, moved: () => {
      remember(writeRanges(query(), ranges), false);
      showKept();
    } });
  });
}

/**
 * Return columns in all of which most runs have a value, because a line needs a value on each axis.
 * @param {Column[]} columns those of most runs first
 * @returns {Column[]}
 */
function common(columns) {
  /** @type {Column[]} */
  const found = [];
  let many = data.rows.length;
  for (const column of columns) {
    const left = having(...found, column).length;
    if (left < many / 2) continue;
    found.push(column);
    many = left;
  }
  return found;
}

/** @returns {Column[]} */
function chooseAxes() {
  const given = query().getAll("axis");
  const varied = data.columns.filter((column) => column.varies && !(column.levels && column.levels.length > 20));
  const usual = common([
    ...common(varied.filter((column) => column.owner === "metrics")).slice(0, USUAL_METRICS),
    ...common(varied.filter((column) => column.owner === "params")).slice(0, USUAL_PARAMETERS),
  ]).sort((one, other) => data.columns.indexOf(one) - data.columns.indexOf(other));
  const chosen = given.length ? data.columns.filter((column) => given.includes(keyOf(column))) : usual;
  if (!document.getElementById("axes")) {
    const boxes = offered().map((column) => {
      const box = make("input", { type: "checkbox", value: keyOf(column) });
      return make("label", {}, box, column.name, make("small", {}, column.varies ? "" : "nothing new"));
    });
    const details = make("details", { class: "axes switch", id: "axes" }, make("summary", { class: "button" }, "Axes"), make("div", { class: "popup" }, ...boxes));
    details.addEventListener("change", () => {
      const now = query();
      now.delete("axis");
      for (const box of details.querySelectorAll("input:checked")) now.append("axis", box.getAttribute("value") ?? "");
      remember(now);
      drawView();
    });
    get("#controls", HTMLElement).append(details);
  }
  for (const box of document.querySelectorAll("#axes input")) {
    if (box instanceof HTMLInputElement) box.checked = chosen.some((column) => keyOf(column) === box.value);
  }
  return chosen;
}

/**
 * List the runs inside the ranges.
 * @param {Set<number> | null} kept
 */
function list(kept) {
  const place = get("#kept", HTMLElement);
  place.replaceChildren();
  if (!kept || !kept.size) return;
  const rows = [...kept].slice(0, LISTED).map((at) => data.rows[at]);
  const search = new URLSearchParams(rows.map((row) => ["run", row.id]));
  const links = rows.map((row) => make("li", {}, make("a", { href: addressOf(row.id) }, row.name)));
  place.append(make("p", {}, make("a", { class: "button", href: `?${search}` }, `Compare these ${rows.length}`)), make("ul", { class: "kept-runs" }, ...links));
}

function drawScatter() {
  const metric = firstMetric();
  const x = choose("x", "Across", offered(), offered((column) => column !== metric)[0]);
  const y = choose("y", "Up", offered(), metric);
  const colours = choose("colour", "Colour", offered(), undefined, "none");
  if (!x || !y) return showNone("These runs have no values to draw.");
  note(`${having(x, y).length} of ${data.rows.length} runs have both values.`);
  show(get("#chart", HTMLElement), (width) => scatter(width, HEIGHT, data.rows, x, y, { colour: colours }));
}

function drawContour() {
  const numbers = offered(isNumber);
  const metric = firstMetric();
  const others = numbers.filter((column) => column !== metric);
  const x = choose("x", "Across", numbers, others[0]);
  const y = choose("y", "Up", numbers, others[1]);
  const z = choose("z", "Bands", numbers, metric);
  if (!x || !y || !z || having(x, y, z).length < 3) return showNone("This chart needs three columns of numbers that at least three runs have.");
  note("The points are runs. Between them, the bands are interpolated by distance.");
  show(get("#chart", HTMLElement), (width) => contour(width, HEIGHT, x, y, z));
}

function drawBox() {
  const few = offered((column) => (column.levels ?? [...new Set(column.values)]).length <= 30);
  const by = choose("by", "By", few, few.find((column) => column.levels && column.varies) ?? few[0]);
  const y = choose("y", "Values", offered(isNumber), firstMetric());
  if (!by || !y) return showNone("These runs have no values to draw.");
  note("A box spans the middle half of the runs, and its line is their median. The whiskers end at the last run within 1.5 box heights.");
  show(get("#chart", HTMLElement), (width) => boxes(width, HEIGHT, data.rows, by, y));
}

let requests = 0;
async function drawCurves() {
  const select = get("#metric", HTMLSelectElement);
  const given = query().get("metric");
  if (given && [...select.options].some((option) => option.value === given)) select.value = given;
  const log = query().has("log");
  get("#log", HTMLInputElement).checked = log;
  if (!select.value) return showNone("These runs have logged no metric.");
  const now = query();
  now.set("metric", select.value);
  const request = ++requests;
  const { step, points } = await read(`compare/curves?${now}`);
  if (request !== requests) return; // another metric was chosen during the request
  const drawn = data.rows.map((row, at) => ({ row: at, name: row.name, kind: row.kind, points: points[row.id] ?? [] })).filter((curve) => curve.points.length);
  const single = drawn.every((curve) => curve.points.length === 1);
  note(!drawn.length ? "No run has values of this metric over time."
    : single ? "Each run has logged one value of this metric." : `${drawn.length} of ${data.rows.length} runs. Dashed: not completed.`);
  get("#kept", HTMLElement).replaceChildren(...(drawn.length <= COLOURED ? [legend(drawn)] : []));
  show(get("#chart", HTMLElement), (width) => curves(width, HEIGHT, drawn, { x: step, y: select.value, log }));
}

/**
 * Return the names of runs in the colours of their curves.
 * @param {{ row: number, name: string }[]} drawn
 */
function legend(drawn) {
  const names = drawn.map(({ row, name }, at) => make("li", { class: `series-${at}`, "data-n": String(row) }, make("a", { href: addressOf(data.rows[row].id) }, name)));
  return make("ul", { class: "overlaid", "aria-label": "Runs in the chart" }, ...names);
}

/** @param {string} run */
const addressOf = (run) => `run/${encodeURIComponent(run)}`;

function startCurves() {
  const change = () => {
    const now = query();
    now.set("metric", get("#metric", HTMLSelectElement).value);
    if (get("#log", HTMLInputElement).checked) now.set("log", "1");
    else now.delete("log");
    remember(now);
    drawView();
  };
  get("#metric", HTMLSelectElement).addEventListener("change", change);
  get("#log", HTMLInputElement).addEventListener("change", change);
}

/** @type {Record<string, () => void | Promise<void>>} */
const VIEWS = { parallel: drawParallel, scatter: drawScatter, contour: drawContour, box: drawBox, curves: drawCurves };

function drawView() {
  const view = get("#charts", HTMLElement).dataset.view ?? "";
  Promise.resolve(VIEWS[view]?.()).catch(complain);
}

/**
 * @param {Column} column
 * @param {Column} other
 */
const isSame = (column, other) => column.values.every((value, at) => value === other.values[at]);

async function load() {
  data = await read(`compare/data${location.search}`);
  // A script that logs its parameters as metrics makes columns that say nothing new.
  for (const [at, column] of data.columns.entries()) column.varies &&= !data.columns.slice(0, at).some((other) => isSame(column, other));
  drawView();
}

if (document.getElementById("charts")) {
  startPointer(get("#charts", HTMLElement), () => data.rows);
  if (document.getElementById("metric")) startCurves();
  load().catch(complain);
  addEventListener("popstate", drawView);
  keepCurrent((change) => Boolean(change.runs?.some((id) => data.rows.some((row) => row.id === id))), load);
}

for (const select of document.querySelectorAll("#pair select")) {
  select.addEventListener("change", () => {
    if (select instanceof HTMLSelectElement) select.form?.requestSubmit();
  });
}
