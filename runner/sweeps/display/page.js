// The page: reads the data, lays out its parts, and lets the reader point, brush and sort.
const D = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const best = new Set(D.best.map(one => one.number));
const byNumber = new Map(D.trials.map(trial => [trial.n, trial]));

function add(parent, tag, text, kind) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  parent.append(e);
  return e;
}
function heading(parent, title, note) {
  add(parent, "h2", title);
  if (note) add(parent, "p", note, "note");
}

function head() {
  document.querySelector("h1").textContent = "Sweep " + D.id;
  for (const [name, value] of D.facts) {
    const pair = add(byId("facts"), "div");
    add(pair, "dt", name);
    add(pair, "dd", value);
  }
  if (D.error) { byId("error").textContent = D.error; byId("error").hidden = false; }
}

function winner() {
  if (!D.best.length) return;
  const box = byId("best"), several = D.best.length > 1;
  box.hidden = false;
  add(box, "h2", several ? `Best: ${D.best.length} trials on the Pareto front` : "Best");
  if (several) add(box, "p", "No other trial is better than one of them in one objective without being worse in another.", "note");
  const choice = several ? add(add(box, "p"), "select") : null;
  const value = add(box, "div", "", "value"), told = add(box, "div", "", "dim"), line = add(box, "div", "", "command");
  const code = add(line, "code"), copy = add(line, "button", "Copy");
  const show = one => {
    value.textContent = one.values;
    told.textContent = [one.parameters, `trial ${one.number}`, one.run].filter(Boolean).join("  \u00b7  ");
    code.textContent = one.command;
  };
  if (choice) {
    D.best.forEach((one, i) => { add(choice, "option", `trial ${one.number}: ${one.values}`).value = i; });
    choice.onchange = () => show(D.best[choice.value]);
  }
  copy.onclick = () => { // the clipboard's own interface is not there on file://
    const chosen = getSelection();
    chosen.selectAllChildren(code);
    copy.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  };
  show(D.best[0]);
}

const having = i => D.trials.filter(trial => trial.y[i] !== null);
const scaleOf = (parameter, trials, j) => parameter.levels ? columns(parameter.levels) : numeric(trials.map(trial => trial.x[j]), parameter.log);
const yScale = (trials, i) => numeric(trials.map(trial => trial.y[i]), D.objectives[i].log);

function history(into, i) {
  const trials = having(i), one = D.objectives[i], failed = D.trials.filter(trial => trial.status == "failed");
  heading(into, "Over the trials", "Filled: completed. Hollow: not completed. The line is the best completed trial so far" + (failed.length ? "; a cross at the bottom is a failed trial." : "."));
  const numbers = [...trials, ...failed].map(trial => trial.n), x = numeric(numbers, false);
  x.ticks = even(Math.min(...numbers), Math.max(...numbers, 1), 12).filter(tick => Number.isInteger(tick[0])).map(tick => [tick[0], String(tick[0])]);
  const {svg, px, py, box} = scatter(trials.map(trial => ({trial, x: trial.n, y: trial.y[i]})), x, yScale(trials, i), ["trial", goal(one)], best, [1140, 280]);
  const sign = one.goal == "minimize" ? -1 : 1;
  let path = "", top = null;
  for (const trial of trials) {
    if (trial.status != "completed" || (top !== null && sign * trial.y[i] <= sign * top)) continue;
    path += path ? `H${px(trial.n)}V${py(trial.y[i])}` : `M${px(trial.n)} ${py(trial.y[i])}`;
    top = trial.y[i];
  }
  if (path) draw(svg, "path", {class: "bestline", d: path + `H${px(Math.max(...numbers))}`});
  for (const trial of failed) {
    const cx = px(trial.n), cy = box.top + box.height - 6;
    const cross = draw(svg, "path", {class: "cross", d: `M${cx - 3} ${cy - 3}l6 6m0 -6l-6 6`, "data-n": trial.n});
    cross.style.pointerEvents = "bounding-box";
  }
  add(into, "figure", undefined, "scroll").append(svg);
}

function singles(into, i) {
  const one = D.objectives[i];
  heading(into, `${one.name} against each parameter`, best.size ? "The best is ringed." : "");
  const grid = add(into, "div", undefined, "grid");
  D.parameters.forEach((parameter, j) => {
    const trials = having(i).filter(trial => trial.x[j] !== null);
    if (!trials.length) return;
    const points = trials.map(trial => ({trial, x: trial.x[j], y: trial.y[i]}));
    add(grid, "figure").append(scatter(points, scaleOf(parameter, trials, j), yScale(having(i), i), [axisName(parameter), one.name], best, [370, 265]).svg);
  });
}

function axis(of, scale, value) { // lines through one word are spread a little, or they would hide each other
  const room = scale.levels ? .7 / scale.levels.length : 0;
  return {name: of.name, key: of.key, log: of.log, scale, at: trial => scale.at(value(trial)) + room * jitter(trial.n)};
}
function threads(into, i) {
  const trials = having(i).filter(trial => trial.x.every(value => value !== null));
  const varied = D.parameters.map((p, j) => j).filter(j => new Set(trials.map(trial => trial.x[j])).size > 1);
  if (!varied.length || trials.length < 2) return;
  const one = D.objectives[i], y = yScale(trials, i), values = trials.map(trial => y.at(trial.y[i]));
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const shade = trial => { const share = (y.at(trial.y[i]) - low) / span; return one.goal == "minimize" ? 1 - share : share; };
  const axes = varied.map(j => axis(D.parameters[j], scaleOf(D.parameters[j], trials, j), trial => trial.x[j]));
  axes.push(axis(one, y, trial => trial.y[i]));
  heading(into, "All parameters together", `A line is a trial: from dark blue for the worst ${one.name} to yellow for the best, and orange for what is best of all. Drag along an axis to keep a range of it; click to lift it.`);
  const ranges = new Map();
  const box = add(into, "figure", undefined, "scroll");
  box.append(parallel(trials, axes, shade, best, (k, range) => {
    if (range) ranges.set(k, range); else ranges.delete(k);
    const kept = new Set(trials.filter(trial => [...ranges].every(([k, [a, b]]) => { const at = axes[k].at(trial); return at >= a && at <= b; })).map(trial => trial.n));
    keep(ranges.size ? kept : null);
  }));
}
function keep(kept) {
  for (const e of document.querySelectorAll("[data-n]")) {
    const out = kept !== null && !kept.has(Number(e.dataset.n));
    e.classList.toggle(e.tagName == "TR" ? "hidden" : "out", out);
  }
  byId("kept").textContent = kept === null ? "" : `${kept.size} of ${D.trials.length} trials in the chosen ranges`;
}

function front(into) {
  const trials = D.trials.filter(trial => trial.y[0] !== null && trial.y[1] !== null), [a, b] = D.objectives;
  if (!trials.length) return;
  heading(into, `${b.name} against ${a.name}`, "The Pareto front is ringed" + (D.objectives.length > 2 ? ", among all objectives." : " and joined."));
  const points = trials.map(trial => ({trial, x: trial.y[0], y: trial.y[1]}));
  const {svg, px, py} = scatter(points, yScale(trials, 0), yScale(trials, 1), [goal(a), goal(b)], best, [1140, 360]);
  const joined = points.filter(p => best.has(p.trial.n)).sort((p, q) => p.x - q.x);
  if (D.objectives.length == 2) draw(svg, "path", {class: "bestline", d: joined.map((p, i) => `${i ? "L" : "M"}${px(p.x)} ${py(p.y)}`).join("")});
  add(into, "figure", undefined, "scroll").append(svg);
}

function charts() {
  const into = byId("charts");
  if (!D.objectives.length) { add(into, "p", "This sweep has no objective, so there is nothing to draw: sweep.objective names the metric to compare trials by.", "note"); return; }
  if (!D.trials.some(trial => trial.y.some(y => y !== null))) { add(into, "p", "No trial has a value of the objective yet.", "note"); return; }
  if (D.objectives.length > 1) front(into);
  let chosen = null;
  if (D.objectives.length > 1) {
    const line = add(into, "p", undefined, "controls");
    chosen = add(add(line, "label", "The charts below show "), "select");
    D.objectives.forEach((one, i) => { add(chosen, "option", one.name).value = i; });
  }
  const below = add(into, "div");
  const show = i => {
    below.replaceChildren();
    if (having(i).length < 2) { add(below, "p", `Two trials with a value of ${D.objectives[i].name} are needed for a chart.`, "note"); return; }
    history(below, i); singles(below, i); threads(below, i);
    if (byId("kept")) keep(null);
  };
  if (chosen) chosen.onchange = () => show(Number(chosen.value));
  show(0);
}

function table() {
  const into = byId("table");
  heading(into, "Trials", D.trials.length ? "Click a column's name to sort by it." : "There are none yet.");
  add(into, "p", "", "note").id = "kept";
  if (!D.trials.length) return;
  const columns = [["trial", trial => trial.n], ...D.objectives.map((one, i) => [one.name, trial => trial.y[i]]),
    ...D.parameters.map((one, j) => [one.name, trial => trial.x[j]]), ["status", trial => trial.status],
    ["seconds", trial => trial.seconds], ["run", trial => trial.run]];
  if (D.trials.some(trial => trial.why)) columns.splice(columns.length - 2, 0, ["why", trial => trial.why]);
  const grid = add(add(into, "div", undefined, "tablebox"), "table"), head = add(add(grid, "thead"), "tr"), body = add(grid, "tbody");
  const rows = D.trials.map(trial => {
    const row = add(body, "tr", undefined, best.has(trial.n) ? "best" : "");
    row.dataset.n = trial.n;
    for (const [name, of] of columns) {
      const value = of(trial);
      const text = shown(value), kind = typeof value == "number" ? "number" : name == "run" ? "run" : name == "why" || text == "failed" ? "bad" : "";
      add(row, "td", text, text.length < 24 ? kind + " short" : kind);
    }
    return [trial, row];
  });
  let last = null, sign = 1;
  columns.forEach(([name, of], i) => {
    const cell = add(head, "th", name, D.trials.every(trial => of(trial) === null || typeof of(trial) == "number") ? "number" : "");
    cell.onclick = () => {
      sign = last === cell ? -sign : 1;
      if (last) last.textContent = last.dataset.name;
      cell.dataset.name = name; last = cell;
      cell.textContent = name + (sign > 0 ? " \u2191" : " \u2193");
      rows.sort(([a], [b]) => compare(of(a), of(b), sign) || a.n - b.n);
      body.append(...rows.map(([, row]) => row));
    };
  });
}
function compare(a, b, sign) { // what is missing comes last either way
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a == "number" && typeof b == "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b));
}

function pointing() {
  const tip = byId("tip");
  let on = null;
  document.addEventListener("pointermove", event => {
    const target = event.target.closest ? event.target.closest("svg [data-n]") : null;
    tip.hidden = target === null;
    if (target === null) { on = null; return; }
    if (on !== target) { on = target; tip.textContent = told(byNumber.get(Number(target.dataset.n))); }
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  });
}
function told(trial) {
  const lines = [`trial ${trial.n}: ${trial.status}`, ...D.objectives.map((one, i) => trial.y[i] === null ? null : `${one.name} = ${shown(trial.y[i])}`),
    ...D.parameters.map((one, j) => trial.x[j] === null ? null : `${one.name} = ${shown(trial.x[j])}`), trial.why];
  return lines.filter(Boolean).join("\n");
}

head(); winner(); charts(); table(); pointing();
