/** Tables and pictures that a run logged. */
import { make } from "../../static/dom.js";
import { makeSortable } from "./tables.js";

/**
 * @param {HTMLElement} place
 * @param {{ name: string, columns: string[], rows: any[][], count: number }[]} tables
 */
export function showTables(place, tables) {
  if (!changed(place, tables)) return;
  place.replaceChildren(
    ...tables.map(({ name, columns, rows, count }) => {
      const numeric = columns.map((_, at) => rows.every((row) => row[at] === null || typeof row[at] === "number"));
      const head = make("tr", {}, ...columns.map((one, at) => make("th", { scope: "col", class: numeric[at] ? "number" : "" }, one)));
      const body = rows.map((row) => make("tr", {}, ...row.map(cell)));
      const table = /** @type {HTMLTableElement} */ (make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
      makeSortable(table);
      const more = count > rows.length ? [make("p", { class: "quiet" }, `The last ${rows.length} of ${count.toLocaleString("en")} rows`)] : [];
      const box = make("div", { class: "table-box", role: "region", "aria-label": name, tabindex: "0" }, table);
      return make("section", { class: "card logged" }, make("h2", { title: name }, name), ...more, box);
    }),
  );
}

/**
 * Show metrics that have one value in each run.
 * @param {HTMLElement} place
 * @param {{ name: string, curves: { run: string, drawn: { y: (number | null)[] } }[] }[]} metrics
 * @param {string[]} runs
 */
export function showOnce(place, metrics, runs) {
  place.hidden = !metrics.length;
  if (!changed(place, [metrics, runs])) return;
  const head = make("tr", {}, make("th", { scope: "col" }, "Metric"), ...runs.map((run) => make("th", { scope: "col", class: "number" }, run)));
  const rows = metrics.map(({ name, curves }) => {
    const values = new Map(curves.map((curve) => [curve.run, curve.drawn.y[0]]));
    return make("tr", {}, make("th", { scope: "row", title: name }, name), ...runs.map((run) => cell(values.get(run) ?? null)));
  });
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
  place.replaceChildren(make("div", { class: "table-box", role: "region", "aria-label": "Metrics with one value", tabindex: "0" }, table));
}

/**
 * Return a cell with a short value. Sorting uses the whole value.
 * @param {unknown} value
 */
function cell(value) {
  const whole = value === null ? "" : String(value);
  if (typeof value !== "number") return make("td", {}, whole);
  return make("td", { class: "number", "data-value": whole, title: whole }, String(Number(value.toPrecision(6))));
}

/**
 * Show pictures by name, in the order of their steps.
 * @param {HTMLElement} place
 * @param {{ name: string, step: number | null, image: string }[]} images
 * @param {string} base
 */
export function showImages(place, images, base) {
  if (!changed(place, images)) return;
  const names = [...new Set(images.map((one) => one.name))];
  place.replaceChildren(
    ...names.map((name) => {
      const shown = images.filter((one) => one.name === name);
      const pictures = shown.map(({ step, image }) => {
        const path = image.split("/").map(encodeURIComponent).join("/");
        const title = step === null ? image : `step ${step}`;
        const address = new URL(base, location.href);
        address.search = new URLSearchParams({ tab: "files", file: image }).toString();
        return make("a", { class: "picture", href: address.href }, make("img", { src: `${base}/file/outputs/${path}?show=1`, alt: `${name}, ${title}`, loading: "lazy" }), make("small", { class: "quiet" }, title));
      });
      return make("section", { class: "card logged wide" }, make("h2", { title: name }, name), make("div", { class: "gallery" }, ...pictures));
    }),
  );
}

/**
 * @param {HTMLElement} place
 * @param {unknown} value
 * @returns {boolean} whether the value differs from the one shown
 */
function changed(place, value) {
  const state = JSON.stringify(value);
  if (place.dataset.state === state) return false;
  place.dataset.state = state;
  return true;
}
