/**
 * The charts and the table of a sweep: the same in the studio, in `sweep.html` and in reports.
 *
 * @typedef {{name: string, goal: string, log: boolean}} Objective
 * @typedef {{name: string, key: string, log: boolean, levels: string[] | null}} Parameter
 * @typedef {{n: number, run: string, status: string, why: string | null, seconds: number | null, from: number | null,
 *   to: number | null, node?: string | null, y: (number | null)[], metrics: (number | null)[],
 *   x: (number | string | null)[]}} Trial
 * @typedef {{number: number, run: string, values: string, parameters: string, command: string}} Best
 * @typedef {{objectives: Objective[], parameters: Parameter[], metrics: string[], best: Best[], trials: Trial[],
 *   importance?: {method: string, shares: Record<string, number>}[], curves?: {metric: string, step: string, points:
 *   Record<string, [number, number][]>}[]}} Sweep
 * @typedef {import("./scales.js").Column} Column
 * @typedef {import("./scatter.js").Row} Row
 */
import { bars } from "./bars.js";
import { curves } from "./curves.js";
import { history } from "./history.js";
import { inside, parallel } from "./parallel.js";
import { keep, startPointer } from "./pointer.js";
import { scatter } from "./scatter.js";
import { having, shown } from "./scales.js";
import { slots } from "./slots.js";
import { show } from "./svg.js";
import { element, sortable } from "./table.js";

const BEST = "The best is ringed.";

/**
 * Make the view of a sweep in an element.
 * @param {HTMLElement} root
 * @param {{objective?: number, ranges?: import("./parallel.js").Ranges, changed?: (objective: number, ranges: import("./parallel.js").Ranges) => void,
 *   copy?: (code: HTMLElement, button: HTMLElement) => void, address?: (run: string) => string}} [options]
 * @returns {{update: (sweep: Sweep) => void}} `update` draws a sweep, or draws it again
 */
export function sweepView(root, options = {}) {
  const ranges = options.ranges ?? new Map();
  let objective = options.objective ?? 0;
  /** @type {Sweep} */
  let sweep = { objectives: [], parameters: [], metrics: [], best: [], trials: [] };
  /** @type {Row[]} */
  let rows = [];
  const parts = Object.fromEntries(
    ["best", "front", "choice", "history", "importance", "curves", "parallel", "slices", "slots", "table"].map((name) => [name, root.appendChild(element("section", { class: `part part-${name}` }))]),
  );
  root.classList.add("charts");
  startPointer(root, () => rows);

  const brushed = () => {
    const kept = inside(axesOf(sweep, objective), ranges, rows.length);
    keep(root, kept);
    const count = root.querySelector(".kept");
    if (count) count.textContent = kept ? `${kept.size} of ${rows.length} trials in the chosen ranges` : "";
    options.changed?.(objective, ranges);
  };

  const drawObjective = () => {
    drawHistory(parts.history, sweep, rows, objective);
    drawImportance(parts.importance, sweep, objective);
    drawCurves(parts.curves, sweep, rows, objective);
    drawParallel(parts.parallel, sweep, rows, objective, { ranges, moved: brushed });
    drawSlices(parts.slices, sweep, rows, objective);
  };

  return {
    update(now) {
      sweep = now;
      objective = Math.min(objective, Math.max(0, sweep.objectives.length - 1));
      rows = rowsOf(sweep);
      drawBest(parts.best, sweep, options);
      drawFront(parts.front, sweep, rows);
      drawChoice(parts.choice, sweep, objective, (chosen) => {
        objective = chosen;
        drawObjective();
        brushed();
      });
      drawObjective();
      drawSlots(parts.slots, sweep, rows);
      drawTable(parts.table, sweep, rows, options.address);
      brushed();
    },
  };
}

/**
 * @param {Sweep} sweep
 * @returns {Row[]}
 */
function rowsOf(sweep) {
  const best = new Set(sweep.best.map((one) => one.number));
  return sweep.trials.map((trial) => ({
    id: String(trial.n),
    best: best.has(trial.n),
    kind: trial.status === "completed" ? "" : trial.status === "failed" ? "failed" : "hollow",
    label: [
      `trial ${trial.n}  \u00b7  ${trial.status}`,
      ...sweep.objectives.map((one, i) => `${one.name} ${shown(trial.y[i]) || "none"}`),
      ...sweep.parameters.map((one, j) => (trial.x[j] === null ? "" : `${one.name} = ${shown(trial.x[j])}`)).filter(Boolean).slice(0, 14),
      ...(trial.why ? [trial.why] : []),
    ].join("\n"),
  }));
}

/**
 * @param {Sweep} sweep
 * @param {number} i
 * @returns {Column}
 */
function objectiveColumn(sweep, i) {
  return { ...sweep.objectives[i], values: sweep.trials.map((trial) => trial.y[i]) };
}

/**
 * @param {Sweep} sweep
 * @param {number} j
 * @returns {Column}
 */
function parameterColumn(sweep, j) {
  return { ...sweep.parameters[j], values: sweep.trials.map((trial) => trial.x[j]) };
}

/**
 * Return the axes of the parallel coordinates: parameters with more than one value, and the objective.
 * @param {Sweep} sweep
 * @param {number} objective
 * @returns {Column[]}
 */
function axesOf(sweep, objective) {
  const varied = sweep.parameters.map((_, j) => parameterColumn(sweep, j)).filter((one) => new Set(one.values).size > 1);
  return sweep.objectives.length && varied.length ? [...varied, objectiveColumn(sweep, objective)] : [];
}

/**
 * @param {Objective} one
 */
function goal(one) {
  return `${one.name}  (${one.goal === "minimize" ? "smaller" : "larger"} is better)${one.log ? ", log scale" : ""}`;
}

/**
 * Fill a part with a heading and places for charts. The places are kept when it is filled again.
 * @param {HTMLElement} part
 * @param {string} title
 * @param {string} note
 * @param {string[]} names
 * @param {string} [kind] of the places' list
 * @returns {HTMLElement[]} the places
 */
function fill(part, title, note, names, kind = "") {
  const key = JSON.stringify([title, names]);
  if (part.dataset.key !== key) {
    part.dataset.key = key;
    const places = names.map((name) => element("figure", { class: `chart ${kind === "wide" ? "scroll" : ""}`, "data-name": name }));
    part.replaceChildren(
      element("h2", {}, title), element("p", { class: "quiet note" }),
      kind === "grid" ? element("div", { class: "chart-grid" }, ...places) : element("div", {}, ...places),
    );
  }
  const place = part.querySelector(".note");
  if (place instanceof HTMLElement) {
    place.textContent = note;
    place.hidden = !note;
  }
  return /** @type {HTMLElement[]} */ ([...part.querySelectorAll("figure")]);
}

/** @param {HTMLElement} part */
function empty(part) {
  part.dataset.key = "";
  part.replaceChildren();
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {{copy?: (code: HTMLElement, button: HTMLElement) => void}} options
 */
function drawBest(part, sweep, options) {
  const key = JSON.stringify(sweep.best);
  if (part.dataset.key === key) return;
  part.dataset.key = key;
  part.replaceChildren();
  if (!sweep.best.length) return;
  const several = sweep.best.length > 1;
  const [value, facts, code] = [element("p", { class: "best-value" }), element("p", { class: "quiet" }), element("code", { tabindex: "0", role: "region", "aria-label": "Command of the best trial" })];
  const copy = element("button", { type: "button", class: "small" }, "Copy");
  copy.addEventListener("click", () => (options.copy ?? select)(code, copy));
  /** @param {Best} one */
  const showTrial = (one) => {
    value.textContent = one.values;
    facts.textContent = [one.parameters, `trial ${one.number}`, one.run].filter(Boolean).join("  \u00b7  ");
    code.textContent = one.command;
  };
  const choice = element("select", { "aria-label": "A trial of the Pareto front" });
  choice.append(...sweep.best.map((one, i) => element("option", { value: String(i) }, `trial ${one.number}: ${one.values}`)));
  choice.addEventListener("change", () => showTrial(sweep.best[Number(/** @type {HTMLSelectElement} */ (choice).value)]));
  part.append(element("div", { class: "card best" },
    element("h2", {}, several ? `Best: ${sweep.best.length} trials on the Pareto front` : "Best"),
    ...(several ? [element("p", { class: "quiet" }, "No other trial is better than one of them in one objective without being worse in another."), choice] : []),
    value, facts, element("div", { class: "command" }, code, copy)));
  showTrial(sweep.best[0]);
}

/**
 * Copy where the clipboard's own interface is missing, as on file://.
 * @param {HTMLElement} code
 * @param {HTMLElement} button
 */
function select(code, button) {
  getSelection()?.selectAllChildren(code);
  button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 */
function drawFront(part, sweep, rows) {
  if (sweep.objectives.length < 2) return empty(part);
  const [a, b] = [objectiveColumn(sweep, 0), objectiveColumn(sweep, 1)];
  if (!having(a, b).length) return empty(part);
  const two = sweep.objectives.length === 2;
  const note = `The Pareto front is ringed${two ? " and joined." : ", among all objectives."}`;
  const [place] = fill(part, `${b.name} against ${a.name}`, note, ["front"]);
  const names = /** @type {[string, string]} */ ([goal(sweep.objectives[0]), goal(sweep.objectives[1])]);
  show(place, (width) => scatter(width, 360, rows, a, b, { front: two, names }));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {number} objective
 * @param {(objective: number) => void} chosen
 */
function drawChoice(part, sweep, objective, chosen) {
  const key = sweep.objectives.map((one) => one.name).join("\n");
  if (part.dataset.key === key) return;
  part.dataset.key = key;
  part.replaceChildren();
  if (!sweep.objectives.length) {
    part.append(element("p", { class: "quiet" }, "This sweep has no objective, so there is nothing to draw: sweep.objective names the metric to compare trials by."));
  }
  if (sweep.objectives.length < 2) return;
  const select = element("select", {});
  select.append(...sweep.objectives.map((one, i) => element("option", i === objective ? { value: String(i), selected: "" } : { value: String(i) }, one.name)));
  select.addEventListener("change", () => chosen(Number(/** @type {HTMLSelectElement} */ (select).value)));
  part.append(element("label", { class: "row" }, "The charts below show ", select));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 * @param {number} i
 */
function drawHistory(part, sweep, rows, i) {
  if (!sweep.objectives.length) return empty(part);
  const objective = objectiveColumn(sweep, i);
  const many = having(objective).length;
  if (many < 2) {
    fill(part, "Over the trials", many ? `The chart needs two trials with a value of ${objective.name}.` : "No trial has a value of the objective yet.", []);
    return;
  }
  const failed = rows.some((row) => row.kind === "failed");
  const note = `Filled: completed. Hollow: not completed. The line is the best completed trial so far${failed ? "; a cross at the bottom is a failed trial." : "."}`;
  const [place] = fill(part, "Over the trials", note, ["history"]);
  const number = { name: "trial", values: sweep.trials.map((trial) => trial.n) };
  const one = sweep.objectives[i];
  show(place, (width) => history(width, 290, rows, number, objective, { smaller: one.goal === "minimize", name: goal(one) }));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {number} i
 */
function drawImportance(part, sweep, i) {
  const found = sweep.importance?.[i];
  const items = Object.entries(found?.shares ?? {}).map(([name, share]) => ({ name, share })).sort((one, other) => other.share - one.share);
  if (!found || !items.length) return empty(part);
  const [place] = fill(part, `What ${sweep.objectives[i].name} depends on`, `Each parameter's share of the variance, by ${found.method}.`, ["importance"]);
  show(place, (width) => bars(Math.min(width, 900), items.slice(0, 20), "Importance of the parameters"));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 * @param {number} i
 */
function drawCurves(part, sweep, rows, i) {
  const found = sweep.curves?.[i];
  const drawn = sweep.trials.flatMap((trial, row) => {
    const points = found?.points[trial.run] ?? [];
    return points.length > 1 || (found && points.length && rows[row].kind) ? [{ row, name: `trial ${trial.n}, ${trial.status}`, kind: rows[row].kind, points }] : [];
  });
  if (!found || drawn.every((curve) => curve.points.length < 2)) return empty(part);
  const stopped = sweep.trials.filter((trial) => trial.status === "stopped early").length;
  const note = stopped ? `Dashed, with a ring at its end: not completed. Early termination stopped ${stopped} of ${sweep.trials.length} trials.` : "";
  const [place] = fill(part, `${found.metric} while the trials ran`, note, ["curves"]);
  show(place, (width) => curves(width, 300, drawn, { x: found.step, y: found.metric }));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 * @param {number} i
 * @param {{ranges: import("./parallel.js").Ranges, moved: () => void}} brush
 */
function drawParallel(part, sweep, rows, i, brush) {
  const axes = axesOf(sweep, i);
  if (!axes.length || having(...axes).length < 2) return empty(part);
  const one = sweep.objectives[i];
  const note = `A line is a trial: from dark for the worst ${one.name} to yellow for the best, with the best of all in orange. Drag along an axis to keep a range of it; click to remove it.`;
  const [place] = fill(part, "All parameters together", note, ["parallel"], "wide");
  show(place, (width) => parallel(width, rows, axes, { shade: axes[axes.length - 1], smaller: one.goal === "minimize", ...brush }));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 * @param {number} i
 */
function drawSlices(part, sweep, rows, i) {
  if (!sweep.objectives.length) return empty(part);
  const objective = objectiveColumn(sweep, i);
  const columns = sweep.parameters.map((_, j) => parameterColumn(sweep, j)).filter((one) => having(one, objective).length > 1);
  if (!columns.length) return empty(part);
  const places = fill(part, `${objective.name} against each parameter`, sweep.best.length ? BEST : "", columns.map((one) => one.key ?? one.name), "grid");
  for (const [j, column] of columns.entries()) show(places[j], (width) => scatter(width, 265, rows, column, objective));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 */
function drawSlots(part, sweep, rows) {
  const spans = sweep.trials.flatMap(({ from, to, node }, row) => (from === null || to === null ? [] : [{ row, from, to, node: node ?? null }]));
  if (spans.length < 2) return empty(part);
  const [place] = fill(part, "Which trial ran when", "", ["slots"]);
  show(place, (width) => slots(width, spans, rows));
}

/**
 * @param {HTMLElement} part
 * @param {Sweep} sweep
 * @param {Row[]} rows
 * @param {((run: string) => string) | undefined} address
 */
function drawTable(part, sweep, rows, address) {
  const why = sweep.trials.some((trial) => trial.why);
  /** @type {[string, (trial: Trial) => any][]} */
  const columns = [
    ["trial", (trial) => trial.n],
    ...sweep.objectives.map((one, i) => /** @type {[string, (trial: Trial) => any]} */ ([one.name, (trial) => trial.y[i]])),
    ...sweep.parameters.map((one, j) => /** @type {[string, (trial: Trial) => any]} */ ([one.name, (trial) => trial.x[j]])),
    ...sweep.metrics.map((name, k) => /** @type {[string, (trial: Trial) => any]} */ ([name, (trial) => trial.metrics[k]])),
    ["status", (trial) => trial.status],
    ...(why ? [/** @type {[string, (trial: Trial) => any]} */ (["why", (trial) => trial.why])] : []),
    ["seconds", (trial) => trial.seconds],
    ["run", (trial) => trial.run],
  ];
  const box = part.querySelector(".table-box");
  const [left, top] = [box?.scrollLeft ?? 0, box?.scrollTop ?? 0];
  const sort = part.querySelector("table")?.dataset.sort;
  part.replaceChildren(
    element("h2", {}, "Trials"),
    element("p", { class: "quiet kept", role: "status" }, sweep.trials.length ? "" : "There are no trials yet."),
  );
  if (!sweep.trials.length) return;
  const table = sortable(columns.map(([name]) => name), sweep.trials.map((trial, row) => ({
    row, kind: rows[row].best ? "best" : "", cells: columns.map(([, of]) => of(trial)),
    link: address ? { at: columns.length - 1, to: address(trial.run) } : null,
  })), sort);
  const fresh = element("div", { class: "table-box", role: "region", "aria-label": "Trials", tabindex: "0" }, table);
  part.append(fresh);
  fresh.scrollTo(left, top);
}
