/**
 * The metrics of a run: curves, also of other runs for comparison, then charts, tables and pictures.
 *
 * The settings of the curves are in the address, so a link shows the same.
 *
 * @typedef {{ x: number[], y: (number | null)[] }} Line
 * @typedef {{ run: string, count: number, drawn: Line, smooth?: Line }} Curve
 */
import { draw, PALETTE, remove } from "../../static/chart.js";
import { complain, get, make, read } from "../../static/dom.js";
import { drawCharts } from "./charts.js";
import { painted, sketch } from "./sketch.js";
import { localTime, ofLocalTime } from "./times.js";
import { showImages, showOnce, showTables } from "./logged.js";

const AT_ONCE = 12; // metrics that are drawn at first
const PAUSE = 200; // milliseconds after a slider or field has changed

/**
 * @param {string} base the run's address
 * @returns {() => Promise<void>} a function that draws everything again
 */
export function startMetrics(base) {
  const place = get("#curves", HTMLElement);
  /** @type {string[]} */
  let names = [];
  let shown = AT_ONCE;
  /** @type {Map<string, Curve[]>} */
  const latest = new Map(); // whole curves, which are drawn again when a zoom ends
  let drawing = 0;

  const query = () => new URL(location.href).searchParams;
  /** @returns {string[]} this run, and those that it is compared with */
  const runs = () => [get("#run", HTMLElement).dataset.run ?? "", ...query().getAll("with")];

  /** @param {Record<string, string | null>} changes */
  function change(changes) {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    history.replaceState(null, "", address);
    show();
    redraw().catch(complain);
  }

  /** Set the fields to the settings in the address. */
  function show() {
    const given = query();
    get("#axis", HTMLSelectElement).value = given.get("axis") ?? "step";
    get("#smooth", HTMLInputElement).value = given.get("smooth") ?? "0";
    get("#smooth-value", HTMLOutputElement).value = given.get("smooth") ?? "0";
    get("#logarithmic", HTMLInputElement).checked = given.has("log");
    get("#filter", HTMLInputElement).value = given.get("filter") ?? "";
  }

  /** @returns {string[]} */
  function wanted() {
    const part = (query().get("filter") ?? "").toLowerCase();
    return names.filter((one) => one.toLowerCase().includes(part));
  }

  /**
   * @param {string[]} metrics
   * @param {[string, string][]} [more]
   * @returns {Promise<{ curves: Record<string, Curve[]>, problems: string[] }>}
   */
  function load(metrics, more = []) {
    const given = query();
    const kept = ["axis", "smooth", "with"].flatMap((name) => given.getAll(name).map((value) => [name, value]));
    return read(`${base}/curves?${new URLSearchParams([...metrics.map((one) => ["metric", one]), ...kept, ...more])}`);
  }

  async function redraw() {
    const turn = (drawing += 1);
    const every = wanted();
    const listed = every.slice(0, shown);
    const csv = get("#csv", HTMLAnchorElement);
    csv.search = new URLSearchParams(every.map((one) => ["metric", one])).toString();
    csv.hidden = !every.length;
    /** @type {Record<string, Curve[]>} */
    const curves = listed.length ? (await load(listed)).curves : {};
    if (turn !== drawing) return; // the settings have changed during the request
    const once = listed.filter((name) => curves[name]?.length && curves[name].every((curve) => curve.count === 1));
    const several = listed.filter((name) => !once.includes(name));
    showOnce(get("#once", HTMLElement), once.map((name) => ({ name, curves: curves[name] })), runs());
    arrange(several, every.length - listed.length);
    const sketched = several.filter((name) => preview(name, curves[name] ?? []));
    if (sketched.length && document.visibilityState === "visible") await painted();
    await Promise.all(several.map((name) => plot(name, curves[name] ?? [])));
    place.setAttribute("aria-busy", "false");
  }

  /**
   * Show a card for each metric, and keep the existing cards.
   * @param {string[]} listed
   * @param {number} left how many more metrics there are
   */
  function arrange(listed, left) {
    const old = new Map([...place.querySelectorAll("figure")].map((one) => [one.dataset.metric ?? "", one]));
    const cards = listed.map((name) => {
      const kept = old.get(name);
      old.delete(name);
      return kept ?? card(name);
    });
    for (const gone of old.values()) {
      const chart = gone.querySelector(".plot");
      if (chart instanceof HTMLElement) remove(chart);
    }
    /** @type {HTMLElement[]} */
    const more = [];
    if (left) {
      const button = make("button", { type: "button", class: "more" }, `Show ${left} more`);
      button.addEventListener("click", () => {
        shown += 4 * AT_ONCE;
        redraw().catch(complain);
      });
      more.push(button);
    }
    if (cards.some((one, at) => place.children[at] !== one) || place.children.length !== cards.length + more.length || more.length) {
      place.replaceChildren(...cards, ...more);
    }
  }

  /**
   * @param {string} name
   * @returns {HTMLElement}
   */
  function card(name) {
    const count = make("span", { class: "quiet count" });
    const link = make("a", { class: "quiet", href: `${base}/curves.csv?${new URLSearchParams({ metric: name })}`, download: "", "aria-label": `${name} as CSV` }, "CSV");
    return make("figure", { class: "card", "data-metric": name }, make("figcaption", {}, make("strong", { title: name }, name), count, link), make("div", { class: "plot" }));
  }

  /** @param {string} name */
  const figureOf = (name) => [...place.querySelectorAll("figure")].find((one) => one.dataset.metric === name);

  /**
   * Show the number of points of a metric, and a sketch of its curves until they are plotted.
   * @param {string} name
   * @param {Curve[]} curves
   * @returns {boolean} whether there is a sketch
   */
  function preview(name, curves) {
    const figure = figureOf(name);
    const chart = figure?.querySelector(".plot");
    const points = curves.reduce((sum, one) => sum + one.count, 0);
    const count = figure?.querySelector(".count");
    if (count) count.textContent = `${points.toLocaleString("en")} ${points === 1 ? "point" : "points"}`;
    const given = query();
    if (!(chart instanceof HTMLElement) || (given.get("axis") ?? "step") === "time") return false;
    return sketch(chart, name, curves.map((one) => one.smooth ?? one.drawn), given.has("log"));
  }

  /**
   * @param {string} name
   * @param {Curve[]} curves
   */
  async function plot(name, curves) {
    const chart = figureOf(name)?.querySelector(".plot");
    if (!(chart instanceof HTMLElement)) return;
    latest.set(name, curves);
    const range = /** @type {any} */ (chart)._fullLayout?.xaxis;
    const zoomed = range && range.autorange === false ? [...range.range] : null;
    const layout = {
      margin: { l: 52, r: 12, t: 8, b: 36 }, showlegend: false, hovermode: "x unified", uirevision: name + query().get("axis"),
      xaxis: { type: query().get("axis") === "time" ? "date" : "linear" },
      yaxis: { type: query().has("log") ? "log" : "linear" },
    };
    const drawn = zoomed ? (await load([name], bounds(zoomed))).curves[name] : curves;
    await draw(chart, traces(drawn ?? curves), layout);
    if (chart.dataset.zoom) return;
    chart.dataset.zoom = "on";
    // After a zoom, the points between the drawn ones are loaded.
    /** @type {any} */ (chart).on("plotly_relayout", (/** @type {any} */ event) => {
      if ("xaxis.range[0]" in event || "xaxis.autorange" in event) plot(name, latest.get(name) ?? curves).catch(complain);
    });
  }

  /**
   * @param {any[]} range
   * @returns {[string, string][]}
   */
  function bounds(range) {
    const [from, to] = range.map((one) => (typeof one === "number" ? one : ofLocalTime(one) / 1000));
    return [["from", String(from)], ["to", String(to)]];
  }

  /**
   * @param {Curve[]} curves
   * @returns {Record<string, any>[]}
   */
  function traces(curves) {
    const byTime = query().get("axis") === "time";
    const order = runs();
    return curves.flatMap((curve) => {
      const color = PALETTE[Math.max(0, order.indexOf(curve.run)) % PALETTE.length];
      /** @param {Line} line @param {object} style */
      const trace = (line, style) => ({
        type: "scatter", mode: line.x.length === 1 ? "markers" : "lines", name: curve.run, y: line.y,
        x: byTime ? line.x.map((one) => (one === null ? null : localTime(one * 1000))) : line.x, ...style,
      });
      const template = `%{y:.6~g}${curves.length > 1 ? ` · ${curve.run.slice(-8)}` : ""}<extra></extra>`;
      if (!curve.smooth) return [trace(curve.drawn, { line: { color, width: 1.6 }, hovertemplate: template })];
      return [
        trace(curve.drawn, { line: { color, width: 1 }, opacity: 0.28, hoverinfo: "skip" }),
        trace(curve.smooth, { line: { color, width: 2 }, hovertemplate: template }),
      ];
    });
  }

  async function update() {
    const logged = await read(`${base}/logged`);
    names = logged.curves;
    const notice = get("#left-out", HTMLElement);
    notice.hidden = !logged.left_out;
    notice.textContent = `${logged.left_out.toLocaleString("en")} values are not shown: their names are too long or too many`;
    const any = names.length || logged.charts.length || logged.tables.length || logged.images.length;
    get("#nothing", HTMLElement).hidden = Boolean(any);
    get("#how", HTMLElement).hidden = !names.length;
    get("#overlaid", HTMLElement).hidden = !names.length;
    await redraw();
    await drawCharts(get("#charts", HTMLElement), logged.charts);
    showTables(get("#tables", HTMLElement), logged.tables);
    showImages(get("#images", HTMLElement), logged.images, base);
  }

  startFields(change);
  show();
  update().catch(complain);
  return update;
}

/** @param {(changes: Record<string, string | null>) => void} change */
function startFields(change) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** @type {Record<string, string | null>} */
  let pending = {};
  /** @param {Record<string, string | null>} [changes] */
  const now = (changes) => {
    clearTimeout(waiting);
    const all = { ...pending, ...changes };
    pending = {};
    change(all);
  };
  /** @param {Record<string, string | null>} changes */
  const soon = (changes) => {
    clearTimeout(waiting);
    pending = { ...pending, ...changes };
    waiting = setTimeout(now, PAUSE);
  };
  const smooth = get("#smooth", HTMLInputElement);
  smooth.addEventListener("input", () => {
    get("#smooth-value", HTMLOutputElement).value = smooth.value;
    soon({ smooth: Number(smooth.value) ? smooth.value : null });
  });
  const filter = get("#filter", HTMLInputElement);
  filter.addEventListener("input", () => soon({ filter: filter.value }));
  const axis = get("#axis", HTMLSelectElement);
  axis.addEventListener("change", () => now({ axis: axis.value === "step" ? null : axis.value }));
  const logarithmic = get("#logarithmic", HTMLInputElement);
  logarithmic.addEventListener("change", () => now({ log: logarithmic.checked ? "1" : null }));
  get("#how", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  get("#overlay", HTMLSelectElement).addEventListener("change", (event) => {
    now();
    const address = new URL(location.href);
    address.searchParams.append("with", /** @type {HTMLSelectElement} */ (event.target).value);
    location.assign(address);
  });
  for (const button of document.querySelectorAll("[data-without]")) {
    button.addEventListener("click", () => {
      now();
      const address = new URL(location.href);
      const kept = address.searchParams.getAll("with").filter((one) => one !== button.getAttribute("data-without"));
      address.searchParams.delete("with");
      for (const one of kept) address.searchParams.append("with", one);
      location.assign(address);
    });
  }
}
