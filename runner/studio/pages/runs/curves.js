/** Curves of metrics in the cells of the table. */
import { read } from "../../static/dom.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [120, 22];

/** Draw the curves of all cells with `data-curve`. */
export async function drawCurves() {
  /** @type {Map<string, Element[]>} */
  const cells = new Map();
  for (const cell of document.querySelectorAll("td[data-curve]")) {
    const metric = cell.getAttribute("data-curve") ?? "";
    cells.set(metric, [...(cells.get(metric) ?? []), cell]);
  }
  for (const [metric, group] of cells) {
    const query = new URLSearchParams([["metric", metric], ...group.map((cell) => ["run", cell.getAttribute("data-run") ?? ""])]);
    const { curves } = await read(`runs/curves?${query}`);
    for (const cell of group) {
      const drawn = draw(curves[cell.getAttribute("data-run") ?? ""] ?? [], metric);
      cell.replaceChildren(...(drawn ? [drawn] : []));
    }
  }
}

/**
 * @param {[number, number][]} points
 * @param {string} metric
 * @returns {SVGElement | null}
 */
function draw(points, metric) {
  if (!points.length) return null;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${metric}: from ${ys[0]} to ${ys[ys.length - 1]}`);
  const line = document.createElementNS(NAMESPACE, "polyline");
  const at = points.map(([x, y]) => [
    right > left ? ((x - left) / (right - left)) * WIDTH : WIDTH / 2,
    high > low ? HEIGHT - 1 - ((y - low) / (high - low)) * (HEIGHT - 2) : HEIGHT / 2,
  ]);
  line.setAttribute("points", at.map((one) => one.map((value) => value.toFixed(1)).join(",")).join(" "));
  svg.append(line);
  return svg;
}
