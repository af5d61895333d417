/** A table that sorts by the column whose heading is pressed. */
import { shown } from "./scales.js";

/**
 * Make an element. Text is never parsed as markup.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * @typedef {{row: number, kind: string, cells: any[], link: {at: number, to: string} | null}} Line
 */

/**
 * @param {string[]} names
 * @param {Line[]} lines
 * @param {string} [sort] the `data-sort` of an earlier table
 * @returns {HTMLTableElement}
 */
export function sortable(names, lines, sort = "") {
  const table = /** @type {HTMLTableElement} */ (element("table"));
  const body = element("tbody");
  const rows = lines.map((line) => ({ line, made: rowOf(line) }));
  const heads = names.map((name, at) => {
    const button = element("button", { type: "button", class: "link-button", title: name }, name);
    const head = element("th", { scope: "col", class: lines.every((line) => line.cells[at] === null || typeof line.cells[at] === "number") ? "number" : "" }, button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      order(at, down);
    });
    return head;
  });
  /**
   * @param {number} at
   * @param {boolean} down
   */
  const order = (at, down) => {
    for (const one of heads) one.removeAttribute("aria-sort");
    heads[at]?.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.dataset.sort = `${at} ${down ? 1 : 0}`;
    const sign = down ? -1 : 1;
    rows.sort(({ line: one }, { line: other }) => compare(one.cells[at], other.cells[at], sign));
    body.replaceChildren(...rows.map(({ made }) => made));
  };
  body.append(...rows.map(({ made }) => made));
  table.append(element("thead", {}, element("tr", {}, ...heads)), body);
  if (sort) order(Number(sort.split(" ")[0]), sort.endsWith("1"));
  return table;
}

/**
 * @param {any} a
 * @param {any} b
 * @param {number} sign
 */
function compare(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null); // missing values are always last
  return typeof a === "number" && typeof b === "number" ? sign * (a - b) : sign * String(a).localeCompare(String(b), "en", { numeric: true });
}

/** @param {Line} line */
function rowOf(line) {
  const made = element("tr", { "data-n": String(line.row), ...(line.kind ? { class: line.kind } : {}) });
  for (const [at, value] of line.cells.entries()) {
    const text = shown(value);
    const cell = element("td", { ...(typeof value === "number" ? { class: "number" } : {}), ...(text.length > 30 ? { title: text } : {}) });
    cell.append(line.link?.at === at ? element("a", { href: line.link.to }, text) : text);
    made.append(cell);
  }
  return made;
}
