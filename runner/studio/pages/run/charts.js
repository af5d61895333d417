/**
 * The charts of Azure ML's `Run.log_*`: confusion matrix, accuracy table, residuals, predictions.
 *
 * @typedef {{ label: string, auc: number, roc: number[][], precision_recall: number[][], lift: number[][], calibration: number[][] }} ClassCurves
 */
import { draw, PALETTE, remove } from "../../static/chart.js";
import { make } from "../../static/dom.js";

const LEGEND = { orientation: "h", yref: "container", y: 0, yanchor: "bottom" };
/** Colours from the smallest to the largest count, on a light and on a dark card. */
const SHADES = { light: [[0, "#f1f6fa"], [1, "#0072b2"]], dark: [[0, "#1b2631"], [1, "#56b4e9"]] };
const LABELLED = 25; // classes up to which each cell of a matrix has its number

/**
 * Show charts, and remove those that were shown before.
 * @param {HTMLElement} place
 * @param {any[]} charts
 */
export async function drawCharts(place, charts) {
  const state = JSON.stringify(charts);
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  for (const one of place.querySelectorAll(".plot")) remove(/** @type {HTMLElement} */ (one));
  const cards = charts.map((one) => make("section", { class: "card logged" }, make("h2", { title: one.name }, one.name)));
  place.replaceChildren(...cards);
  for (const [at, one] of charts.entries()) await (KINDS[one.kind] ?? text)(cards[at], one);
}

/** @type {Record<string, (card: HTMLElement, chart: any) => Promise<void>>} */
const KINDS = { confusion_matrix: confusion, accuracy_table: accuracy, residuals, predictions };

/** @param {HTMLElement} card @param {any} chart */
async function text(card, chart) {
  card.append(make("pre", { class: "text", tabindex: "0" }, chart.text));
}

/**
 * Add a plot to a card.
 * @param {HTMLElement} card
 * @param {string} [kind]
 */
function plot(card, kind = "") {
  const place = make("div", { class: `plot ${kind}` });
  card.append(place);
  return place;
}

/**
 * Add buttons that switch what a card shows.
 * @param {HTMLElement} card
 * @param {[string, () => Promise<void>][]} choices
 */
async function choose(card, choices) {
  const buttons = choices.map(([title, show], at) => {
    const button = make("button", { type: "button", class: "small", "aria-pressed": String(at === 0) }, title);
    button.addEventListener("click", () => {
      for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
      show();
    });
    return button;
  });
  card.querySelector("h2")?.after(make("div", { class: "row choice", role: "group", "aria-label": "What to show" }, ...buttons));
  await choices[0][1]();
}

/** @param {HTMLElement} card @param {{ labels: string[], counts: number[][], shares: number[][] }} chart */
async function confusion(card, { labels, counts, shares }) {
  const place = plot(card, "square");
  const small = labels.length <= LABELLED;
  const names = labels.map((one) => (one.length > 24 ? `${one.slice(0, 23)}…` : one));
  const ends = counts.map((row, actual) => row.map((_, predicted) => [plain(labels[actual]), plain(labels[predicted])]));
  const axis = { tickvals: names.map((_, at) => at), ticktext: names.map(plain), ticks: "", showgrid: false, zeroline: false };
  /**
   * @param {number[][]} z
   * @param {string} format
   */
  const show = (z, format) =>
    draw(
      place,
      [{
        type: "heatmap", z, customdata: ends, xgap: 2, ygap: 2, showscale: !small,
        colorscale: SHADES[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"],
        texttemplate: small ? `%{z:${format}}` : "",
        hovertemplate: `actual %{customdata[0]}<br>predicted %{customdata[1]}<br>%{z:${format}}<extra></extra>`,
      }],
      {
        margin: { l: 60, r: 12, t: 8, b: 52 },
        xaxis: { ...axis, title: { text: "Predicted" }, constrain: "domain" },
        yaxis: { ...axis, title: { text: "Actual" }, autorange: "reversed", scaleanchor: "x", constrain: "domain" },
      },
    );
  await choose(card, [
    ["Counts", () => show(counts, ",~g")],
    ["Share of each actual class", () => show(shares, ".2f")],
  ]);
}

/**
 * Return a text in which plotly finds no markup.
 * @param {string} text
 */
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** @param {HTMLElement} card @param {{ classes: ClassCurves[] }} chart */
async function accuracy(card, { classes }) {
  const place = plot(card, "square");
  const line = { type: "scatter", mode: "lines", line: { width: 2 } };
  const diagonal = { ...line, x: [0, 1], y: [0, 1], line: { width: 1, dash: "dot", color: PALETTE[7] }, hoverinfo: "skip", showlegend: false };
  /**
   * @param {(one: ClassCurves) => number[][]} points
   * @param {string} x
   * @param {string} y
   * @param {object[]} [more]
   */
  const show = (points, x, y, more = []) =>
    draw(
      place,
      [
        ...more,
        ...classes.map((one) => ({
          ...line, mode: y === "Share that is positive" ? "lines+markers" : "lines",
          name: plain(y === "True positive rate" ? `${one.label} (${one.auc.toFixed(3)})` : one.label),
          x: points(one).map((point) => point[0]), y: points(one).map((point) => point[1]),
        })),
      ],
      { xaxis: { title: { text: x }, range: [-0.01, 1.01] }, yaxis: { title: { text: y }, rangemode: "tozero" }, hovermode: "closest", legend: LEGEND, margin: { l: 56, r: 12, t: 8, b: 44 } },
    );
  /** @type {[string, () => Promise<void>][]} */
  const views = [
    ["ROC", () => show((one) => one.roc, "False positive rate", "True positive rate", [diagonal])],
    ["Precision and recall", () => show((one) => one.precision_recall, "Recall", "Precision")],
    ["Lift", () => show((one) => one.lift, "Share of the data, best scores first", "Lift")],
  ];
  if (classes.some((one) => one.calibration.length > 0)) {
    views.splice(2, 0, ["Calibration", () => show((one) => one.calibration, "Predicted probability", "Share that is positive", [diagonal])]);
  }
  await choose(card, views);
}

/**
 * @param {number[][]} bars
 * @returns {Record<string, any>}
 */
function histogram(bars) {
  return {
    type: "bar", x: bars.map(([left, right]) => (left + right) / 2), width: bars.map(([left, right]) => right - left), y: bars.map((one) => one[2]),
    marker: { opacity: 0.85, line: { width: 1, color: "rgba(0,0,0,0)" } }, customdata: bars.map(([left, right]) => `${left} to ${right}`), hovertemplate: "%{customdata}<br>%{y}<extra></extra>", showlegend: false,
  };
}

/** @param {HTMLElement} card @param {{ bars: number[][] }} chart */
async function residuals(card, { bars }) {
  await draw(plot(card), [histogram(bars)], { xaxis: { title: { text: "Residual" } }, yaxis: { title: { text: "Count" } }, bargap: 0.02 });
}

/** @param {HTMLElement} card @param {{ bars: number[][], points: number[][] }} chart */
async function predictions(card, { bars, points }) {
  const [first, last] = [bars[0]?.[0] ?? 0, bars[bars.length - 1]?.[1] ?? 1];
  await draw(
    plot(card),
    [
      { ...histogram(bars), yaxis: "y2", marker: { color: PALETTE[7], opacity: 0.25 } },
      { type: "scatter", mode: "lines", x: [first, last], y: [first, last], line: { width: 1, dash: "dot", color: PALETTE[7] }, name: "ideal", hoverinfo: "skip" },
      { type: "scatter", mode: "lines+markers", x: points.map((one) => one[0]), y: points.map((one) => one[1]), error_y: { type: "data", array: points.map((one) => one[2]), thickness: 1 }, line: { color: PALETTE[0], width: 2 }, name: "predicted", hovertemplate: "true %{x}<br>predicted %{y}<extra></extra>" },
    ],
    { xaxis: { title: { text: "True value" } }, yaxis: { title: { text: "Predicted value" } }, yaxis2: { overlaying: "y", side: "right", showgrid: false, rangemode: "tozero", tickmode: "auto", title: { text: "Count" } }, legend: LEGEND, margin: { l: 52, r: 52, t: 8, b: 44 } },
  );
}
