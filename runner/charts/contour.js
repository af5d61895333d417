/**
 * A column over two others as bands of colour. Between the runs, values are interpolated by distance (Shepard), so they
 * are estimates. The runs are drawn on top.
 */
import { canvas, colour, draw } from "./svg.js";
import { axisName, having, scaleOf } from "./scales.js";
import { LEGEND, boxOf, frame, legend } from "./frame.js";

const [COLUMNS, ROWS, BANDS, NEAREST] = [72, 48, 9, 24];

/**
 * @param {number} width
 * @param {number} height
 * @param {import("./scales.js").Column} x
 * @param {import("./scales.js").Column} y
 * @param {import("./scales.js").Column} z
 * @returns {SVGElement}
 */
export function contour(width, height, x, y, z) {
  const known = having(x, y, z);
  const [xs, ys, zs] = [x, y, z].map((column) => scaleOf(column, known));
  const svg = canvas(width, height, `${z.name} over ${x.name} and ${y.name}`);
  svg.classList.add("bare");
  const box = boxOf(width, height, xs, LEGEND);
  const points = known.map((row) => [xs.at(x.values[row]), ys.at(y.values[row]), zs.at(z.values[row])]);
  const grid = interpolate(points);
  fill(svg, grid, box);
  for (let band = 1; band < BANDS; band++) draw(svg, "path", { class: "isoline", d: isoline(grid, band / BANDS, box) });
  const { px, py } = frame(svg, box, xs, ys, [axisName(x), axisName(y)]);
  for (const row of known) {
    draw(svg, "circle", { class: "dot on-colour", cx: px(x.values[row]), cy: py(y.values[row]), r: known.length > 200 ? 2 : 3, "data-n": row });
  }
  legend(svg, z, known, box);
  return svg;
}

/**
 * Return values at the corners of a grid.
 * @param {number[][]} points
 * @returns {number[][]} rows from the bottom
 */
function interpolate(points) {
  // Several runs at one place count as one, with their mean.
  /** @type {Map<string, number[]>} */
  const places = new Map();
  for (const [x, y, z] of points) {
    const key = `${x.toFixed(4)} ${y.toFixed(4)}`;
    const [, , sum, many] = places.get(key) ?? [x, y, 0, 0];
    places.set(key, [x, y, sum + z, many + 1]);
  }
  const single = [...places.values()].map(([x, y, sum, many]) => [x, y, sum / many]);
  return [...Array(ROWS + 1).keys()].map((row) => [...Array(COLUMNS + 1).keys()].map((column) => {
    const near = single.map(([x, y, z]) => [(x - column / COLUMNS) ** 2 + (y - row / ROWS) ** 2 + 1e-6, z]);
    if (near.length > NEAREST) near.sort((one, other) => one[0] - other[0]).length = NEAREST;
    let [sum, weights] = [0, 0];
    for (const [away, z] of near) {
      sum += z / away ** 1.5;
      weights += 1 / away ** 1.5;
    }
    return sum / weights;
  }));
}

/**
 * @param {SVGElement} svg
 * @param {number[][]} grid
 * @param {import("./frame.js").Box} box
 */
function fill(svg, grid, box) {
  const [wide, high] = [box.width / COLUMNS / 2, box.height / ROWS / 2];
  /** @param {number} value */
  const band = (value) => Math.min(BANDS - 1, Math.max(0, Math.floor(value * BANDS)));
  for (let row = 0; row < 2 * ROWS; row++) {
    let from = 0;
    let last = -1;
    for (let column = 0; column <= 2 * COLUMNS; column++) {
      const now = column < 2 * COLUMNS ? band(between(grid, (column + 0.5) / 2, (row + 0.5) / 2)) : -1;
      if (now === last) continue;
      if (last >= 0) {
        draw(svg, "rect", { class: "cell", x: box.left + from * wide, y: box.top + box.height - (row + 1) * high, width: (column - from) * wide, height: high + 0.5, fill: colour((last + 0.5) / BANDS) });
      }
      [from, last] = [column, now];
    }
  }
}

/**
 * Return the value between four corners.
 * @param {number[][]} grid
 * @param {number} x
 * @param {number} y
 */
function between(grid, x, y) {
  const [i, j] = [Math.min(COLUMNS - 1, Math.floor(x)), Math.min(ROWS - 1, Math.floor(y))];
  const [right, up] = [x - i, y - j];
  const below = grid[j][i] * (1 - right) + grid[j][i + 1] * right;
  return below * (1 - up) + (grid[j + 1][i] * (1 - right) + grid[j + 1][i + 1] * right) * up;
}

/**
 * Return the line at which a value is crossed (marching squares).
 * @param {number[][]} grid
 * @param {number} level
 * @param {import("./frame.js").Box} box
 */
function isoline(grid, level, box) {
  let path = "";
  for (let j = 0; j < ROWS; j++) {
    for (let i = 0; i < COLUMNS; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const values = corners.map(([x, y]) => grid[y][x] - level);
      const crossed = [];
      for (let side = 0; side < 4; side++) {
        const next = (side + 1) % 4;
        if (values[side] > 0 === values[next] > 0) continue;
        const share = values[side] / (values[side] - values[next]);
        const [x, y] = [0, 1].map((axis) => corners[side][axis] + share * (corners[next][axis] - corners[side][axis]));
        crossed.push(`${(box.left + (x / COLUMNS) * box.width).toFixed(1)} ${(box.top + (1 - y / ROWS) * box.height).toFixed(1)}`);
      }
      for (let pair = 0; pair + 1 < crossed.length; pair += 2) path += `M${crossed[pair]}L${crossed[pair + 1]}`;
    }
  }
  return path;
}
