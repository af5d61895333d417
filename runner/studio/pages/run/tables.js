/** Tables that a click on a heading sorts. */
import { make } from "../../static/dom.js";

/**
 * Make the headings of a table buttons.
 * @param {HTMLTableElement} table
 */
export function makeSortable(table) {
  if (table.dataset.sort === "on") return;
  table.dataset.sort = "on";
  for (const [at, heading] of [...(table.tHead?.rows[0]?.cells ?? [])].entries()) {
    const button = make("button", { type: "button", class: "sort" }, heading.textContent ?? "");
    heading.replaceChildren(button);
    button.addEventListener("click", () => sort(table, at));
  }
}

/**
 * @param {HTMLTableElement} table
 * @param {number} column
 */
function sort(table, column) {
  const headings = [...(table.tHead?.rows[0]?.cells ?? [])];
  const down = headings[column].getAttribute("aria-sort") === "ascending";
  for (const one of headings) one.removeAttribute("aria-sort");
  headings[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  /** @param {HTMLTableRowElement} row */
  const value = (row) => row.cells[column]?.dataset.value ?? row.cells[column]?.textContent?.trim() ?? "";
  rows.sort((left, right) => compare(value(left), value(right)) * (down ? -1 : 1));
  body.replaceChildren(...rows);
}

/**
 * Compare two cells. Numbers come before texts, and are compared as numbers.
 * @param {string} left
 * @param {string} right
 */
function compare(left, right) {
  const [one, other] = [left === "" ? NaN : Number(left), right === "" ? NaN : Number(right)];
  if (!Number.isNaN(one) && !Number.isNaN(other)) return one - other;
  if (Number.isNaN(one) !== Number.isNaN(other)) return Number.isNaN(one) ? 1 : -1;
  return left < right ? -1 : Number(left > right);
}
