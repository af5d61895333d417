// Drawing: axes, scatters, parallel coordinates. Whatever comes from the data becomes text, never markup.
const SVG = "http://www.w3.org/2000/svg";
// Cividis, which looks the same to nearly all eyes: dark blue is worst, yellow would be lost on white and is left out.
const SCALE = [[0, 32, 77], [49, 68, 108], [102, 105, 112], [149, 143, 120], [203, 186, 105], [230, 200, 60]];

function draw(parent, tag, attributes, text) {
  const e = document.createElementNS(SVG, tag);
  for (const name in attributes) e.setAttribute(name, attributes[name]);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
}
function canvas(width, height) {
  const e = document.createElementNS(SVG, "svg");
  e.setAttribute("viewBox", `0 0 ${width} ${height}`);
  e.setAttribute("role", "img");
  return e;
}
const brief = (text, most) => text.length > most ? text.slice(0, most - 1) + "\u2026" : text;
function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value != "number") return String(value);
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(5)));
}
function colour(share) {
  const at = Math.max(0, Math.min(1, share)) * (SCALE.length - 1), low = Math.min(SCALE.length - 2, Math.floor(at));
  return "rgb(" + SCALE[low].map((c, i) => Math.round(c + (SCALE[low + 1][i] - c) * (at - low))).join() + ")";
}

// A scale: `at` turns a value into a share of the axis from 0 to 1; `ticks` are values with their texts.
function numeric(values, log) {
  const f = log ? Math.log10 : x => x;
  let low = Infinity, high = -Infinity;
  for (const v of values) { low = Math.min(low, f(v)); high = Math.max(high, f(v)); }
  if (!(low <= high)) { low = 0; high = 1; }
  if (low == high) { const room = log ? 1 : Math.abs(low) * .1 || 1; low -= room; high += room; }
  const pad = (high - low) * .05;
  low -= pad; high += pad;
  const ticks = log ? decades(low, high) : even(low, high);
  return {at: v => (f(v) - low) / (high - low), back: s => low + s * (high - low), ticks, log};
}
function even(low, high, count = 5) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(m => m * power >= raw);
  const found = [];
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  for (let i = Math.ceil(low / step); i * step <= high; i++) {
    const value = i * step, size = Math.max(Math.abs(low), Math.abs(high));
    found.push([value, size >= 1e6 || digits > 6 ? shown(value) : value.toFixed(digits)]);
  }
  return found;
}
function decades(low, high) {
  const found = [], skip = Math.ceil((high - low) / 6);
  for (let i = Math.ceil(low); i <= high; i += skip) found.push([10 ** i, i < -3 || i > 5 ? "1e" + i : shown(10 ** i)]);
  return found;
}
function columns(levels) {
  const skip = Math.ceil(levels.length / 8), index = new Map(levels.map((one, i) => [one, i]));
  return {
    at: v => (index.get(String(v)) + .5) / levels.length,
    ticks: levels.map((one, i) => [one, i % skip ? "" : one]), levels,
  };
}

// A frame of two axes; returns where values are on it.
function frame(svg, box, x, y, names) {
  const {left, top, width, height} = box;
  const px = v => left + x.at(v) * width, py = v => top + (1 - y.at(v)) * height;
  for (const [v, text] of y.ticks) {
    draw(svg, "line", {class: "tick", x1: left, x2: left + width, y1: py(v), y2: py(v)});
    draw(svg, "text", {x: left - 6, y: py(v) + 4, "text-anchor": "end"}, text);
  }
  const room = width / Math.max(1, x.ticks.filter(tick => tick[1]).length), tilted = x.levels && room < 75;
  for (const [v, text] of x.ticks) {
    if (!text) continue;
    if (!x.levels) draw(svg, "line", {class: "tick", x1: px(v), x2: px(v), y1: top, y2: top + height});
    const place = tilted ? {transform: `translate(${px(v) + 3} ${top + height + 12}) rotate(-38)`, "text-anchor": "end"}
      : {x: px(v), y: top + height + 15, "text-anchor": "middle"};
    const label = draw(svg, "text", place, brief(text, tilted ? 10 : Math.max(5, Math.floor(room / 6.5))));
    draw(label, "title", {}, text);
  }
  draw(svg, "path", {class: "axis", d: `M${left} ${top}V${top + height}H${left + width}`});
  const name = draw(svg, "text", {class: "label", x: left + width / 2, y: top + height + (tilted ? 66 : 34), "text-anchor": "middle"}, brief(names[0], 44));
  draw(name, "title", {}, names[0]);
  const up = draw(svg, "text", {class: "label", x: 4, y: 13}, brief(names[1], 50));
  draw(up, "title", {}, names[1]);
  return {px, py};
}

// The same trial is always at the same place of its column.
const jitter = n => ((n * 2654435761 >>> 0) / 4294967296 - .5) * .55;
const goal = one => one.name + (one.goal == "minimize" ? "  (smaller is better)" : "  (larger is better)") + (one.log ? ", log scale" : "");
const axisName = one => one.name + (one.log ? "  (log scale)" : "");
const kind = status => status == "completed" ? "dot" : "dot hollow";

function scatter(points, x, y, names, best, size) {
  const [width, height] = size, svg = canvas(width, height);
  svg.setAttribute("aria-label", names[1] + " against " + names[0]);
  const box = {left: 58, top: 26, width: width - 74, height: height - 26 - (x.levels ? 74 : 44)};
  const {px, py} = frame(svg, box, x, y, names);
  const radius = points.length > 400 ? 2.6 : points.length > 100 ? 3.2 : 4.2;
  // Where many trials have the same few values they would hide each other.
  const few = points.length > 30 && new Set(points.map(p => p.x)).size <= 10;
  const spread = x.levels ? box.width / x.levels.length : few ? box.width * .06 : 0;
  const place = p => [px(p.x) + spread * jitter(p.trial.n), py(p.y)];
  for (const p of points) {
    const [cx, cy] = place(p);
    draw(svg, "circle", {class: kind(p.trial.status), cx, cy, r: radius, "data-n": p.trial.n});
  }
  for (const p of points.filter(p => best.has(p.trial.n))) {
    const [cx, cy] = place(p);
    draw(svg, "circle", {class: "ring", cx, cy, r: radius + 3.2});
  }
  return {svg, px, py, box};
}

// Parallel coordinates. `axes`: {name, scale, at(trial)}; `shade` is 1 for the best and 0 for the worst;
// `moved(index, range)` hears what is brushed.
function parallel(trials, axes, shade, best, moved) {
  const gap = Math.max(120, 1000 / Math.max(1, axes.length - 1)), width = 140 + gap * (axes.length - 1), height = 330;
  const svg = canvas(width, height), top = 44, tall = height - top - 18;
  svg.style.minWidth = width > 1150 ? width + "px" : "";
  svg.setAttribute("aria-label", "parallel coordinates");
  const px = i => 70 + i * gap, py = share => top + (1 - share) * tall;
  const order = [...trials].sort((a, b) => shade(a) - shade(b)); // the best are drawn last, on top
  for (const trial of order) {
    const path = axes.map((axis, i) => `${i ? "L" : "M"}${px(i)} ${py(axis.at(trial))}`).join("");
    const share = shade(trial), crowded = trials.length > 200;
    draw(svg, "path", {class: "thread", d: path, stroke: colour(share), "stroke-width": crowded ? 1.1 : 1.8,
      "stroke-opacity": crowded ? .1 + .5 * share ** 3 : .8, "data-n": trial.n});
  }
  for (const e of [...svg.children]) if (best.has(Number(e.dataset.n))) { e.classList.add("winner"); svg.append(e); }
  axes.forEach((axis, i) => {
    draw(svg, "line", {class: "axis", x1: px(i), x2: px(i), y1: top, y2: top + tall});
    const name = draw(svg, "text", {class: "label", x: px(i), y: i % 2 && gap < 130 ? 16 : 28, "text-anchor": "middle"}, brief(axisName(axis), Math.floor(gap / 6.6)));
    draw(name, "title", {}, axis.key || axis.name);
    for (const [v, text] of axis.scale.ticks) {
      if (!text) continue;
      const label = draw(svg, "text", {x: px(i) + 6, y: py(axis.scale.at(v)) + 4, style: "paint-order:stroke;stroke:#fff;stroke-width:3px;pointer-events:none"}, brief(text, 14));
      draw(label, "title", {}, text);
    }
    brush(svg, px(i), top, tall, range => moved(i, range));
  });
  return svg;
}
function brush(svg, x, top, tall, moved) {
  const zone = draw(svg, "rect", {class: "brush", x: x - 9, y: top - 6, width: 18, height: tall + 12});
  draw(zone, "title", {}, "Drag to choose a range, click to lift it");
  const range = draw(svg, "rect", {class: "range", x: x - 6, width: 12, visibility: "hidden"});
  const share = event => {
    const box = zone.getBoundingClientRect();
    return 1 - Math.max(0, Math.min(1, ((event.clientY - box.top) / box.height * (tall + 12) - 6) / tall));
  };
  let from = null;
  const show = to => {
    const low = Math.min(from, to), high = Math.max(from, to), some = high - low > .01;
    range.setAttribute("visibility", some ? "visible" : "hidden");
    range.setAttribute("y", top + (1 - high) * tall);
    range.setAttribute("height", (high - low) * tall);
    moved(some ? [low, high] : null);
  };
  zone.onpointerdown = event => { zone.setPointerCapture(event.pointerId); from = share(event); show(from); };
  zone.onpointermove = event => { if (from !== null) show(share(event)); };
  zone.onpointerup = () => { from = null; };
}
