/**
 * Charts: a thin layer around plotly.js, which is loaded when the first chart is drawn.
 *
 * Only SVG traces work: scatter, bar, box, histogram, heatmap, contour. WebGL traces (scattergl, parcoords) compile
 * functions from text, which the studio's Content-Security-Policy forbids. Plotly would draw nothing and report no error.
 * A page with charts is declared with `Page(..., charts=True)`.
 *
 * @typedef {Record<string, any>} Trace
 * @typedef {Record<string, any>} Layout
 */

/** Colours that colour-blind people can tell apart (Okabe and Ito), ordered so that neighbours differ most. */
export const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c00", "#7f7f7f"];
/** A scale from low to high that is also readable in grey. */
export const SCALE = "Cividis";

const DARK = matchMedia("(prefers-color-scheme: dark)");
const WITHOUT_EVAL = new Set(["scatter", "bar", "box", "histogram", "heatmap", "contour", "histogram2d", "violin"]);

/** @type {Promise<any> | null} */
let library = null;
/** @type {Map<HTMLElement, {traces: Trace[], layout: Layout}>} */
const drawn = new Map();

/** @returns {Promise<any>} plotly.js */
function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/static/plotly.js";
    script.onload = () => resolve(/** @type {any} */ (globalThis).Plotly);
    script.onerror = () => {
      library = null;
      reject(new Error("The charts' script cannot be loaded"));
    };
    document.head.append(script);
  });
  return library;
}

/** @returns {boolean} whether charts can be drawn now. The library takes most of a second to start. */
export function isReady() {
  return Boolean(/** @type {any} */ (globalThis).Plotly);
}

/**
 * Draw a chart, or update it.
 * @param {HTMLElement} place an element with a height of its own
 * @param {Trace[]} traces in the format of plotly
 * @param {Layout} [layout] changes to the studio's own layout
 */
export async function draw(place, traces, layout = {}) {
  for (const trace of traces) {
    if (!WITHOUT_EVAL.has(trace.type ?? "scatter")) throw new Error(`Charts of type ${trace.type} need WebGL`);
  }
  const plotly = await load();
  if (!drawn.has(place)) place.replaceChildren(); // what was shown meanwhile
  drawn.set(place, { traces, layout });
  await plotly.react(place, traces, themed(layout), {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { format: "png", scale: 2 },
  });
}

/**
 * Remove a chart and release its resources.
 * @param {HTMLElement} place
 */
export async function remove(place) {
  if (drawn.delete(place)) (await load()).purge(place);
}

DARK.addEventListener("change", async () => {
  const plotly = drawn.size ? await load() : null;
  for (const [place, { traces, layout }] of drawn) plotly.react(place, traces, themed(layout));
});

/**
 * Return a layout in the colours of the page.
 * @param {Layout} layout
 * @returns {Layout}
 */
function themed(layout) {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    gridcolor: colour("--line"),
    linecolor: colour("--line-strong"),
    zerolinecolor: colour("--line-strong"),
    automargin: true,
  };
  const axes = Object.fromEntries(
    ["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))].map((name) => [
      name,
      { ...axis, ...layout[name] },
    ]),
  );
  return {
    colorway: PALETTE,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--ink") },
    hoverlabel: { bgcolor: colour("--raised"), bordercolor: colour("--line-strong"), font: { color: colour("--ink") } },
    margin: { l: 48, r: 16, t: layout.title ? 40 : 12, b: 40 },
    legend: { orientation: "h", y: -0.2 },
    ...layout,
    ...axes,
  };
}
