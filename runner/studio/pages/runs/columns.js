/** The dialog for columns. Their selection, order and pins are in the address. */
import { complain, get, make, read } from "../../static/dom.js";

/** @typedef {{column: string, heading: string, kind: string}} Choice */

const SHOWN = 100;

/** Make the dialog and the headings of the table work. */
export function startColumns() {
  const dialog = get("#columns", HTMLDialogElement);
  const list = get("#chosen-columns", HTMLOListElement);
  const field = get("#add-column", HTMLInputElement);
  const offered = get("#offered", HTMLUListElement);
  /** @type {Choice[]} */
  let choices = [];
  /** @type {string[]} */
  let columns = [];
  /** @type {Set<string>} */
  let pins = new Set();

  /** @param {string} column */
  const labelOf = (column) => {
    const found = choices.find((one) => one.column === column);
    return found ? (found.kind ? `${found.heading} (${found.kind})` : found.heading) : column;
  };

  const show = () => {
    list.replaceChildren(...columns.map((column, at) => rowOf(column, at)));
    const word = field.value.toLowerCase();
    const left = choices.filter((one) => !columns.includes(one.column) && one.column.toLowerCase().includes(word));
    offered.replaceChildren(
      ...left.slice(0, SHOWN).map((one) => {
        const button = make("button", { type: "button" }, labelOf(one.column));
        button.addEventListener("click", () => {
          columns.push(one.column);
          show();
        });
        return make("li", {}, button);
      }),
    );
  };

  /**
   * @param {string} column
   * @param {number} at
   */
  const rowOf = (column, at) => {
    const row = make("li", { draggable: "true", "data-column": column }, make("span", { class: "label", title: column }, labelOf(column)));
    /** @type {[string, string, () => void][]} */
    const buttons = [
      ["↑", "Move up", () => place(column, at - 1)],
      ["↓", "Move down", () => place(column, at + 1)],
      ["Pin", "Pin", () => (pins.has(column) ? pins.delete(column) : pins.add(column))],
      ["✕", "Remove", () => (columns = columns.filter((one) => one !== column))],
    ];
    for (const [text, label, act] of buttons) {
      const button = make("button", { type: "button", "aria-label": `${label} ${labelOf(column)}` }, text);
      if (text === "Pin") button.setAttribute("aria-pressed", String(pins.has(column)));
      button.addEventListener("click", () => {
        act();
        show();
        const again = list.querySelector(`[data-column="${CSS.escape(column)}"] [aria-label^="${label}"]`);
        if (again instanceof HTMLElement) again.focus();
      });
      row.append(button);
    }
    return row;
  };

  /**
   * @param {string} column
   * @param {number} at
   */
  const place = (column, at) => {
    columns = columns.filter((one) => one !== column);
    columns.splice(Math.max(0, at), 0, column);
  };

  const reset = () => {
    columns = JSON.parse(list.dataset.columns ?? "[]");
    pins = new Set(JSON.parse(list.dataset.pins ?? "[]"));
  };

  reset();
  get("#choose-columns", HTMLButtonElement).addEventListener("click", async () => {
    reset();
    dialog.showModal();
    show();
    try {
      choices = (await read("runs/fields")).columns;
      show();
    } catch (error) {
      complain(error);
    }
  });
  field.addEventListener("input", show);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // Enter adds the first offered column instead of closing the dialog
    const first = offered.querySelector("button");
    if (first instanceof HTMLElement) first.click();
  });
  get("#usual-columns", HTMLButtonElement).addEventListener("click", () => go([], []));
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "apply") go(columns, [...pins]);
  });
  dragging(list, "li[data-column]", (column, before) => {
    place(column, columns.filter((one) => one !== column).indexOf(before));
    show();
  });
  const table = document.querySelector("table.runs thead");
  if (table) {
    dragging(table, "th[draggable]", (column, before) => {
      reset();
      place(column, columns.filter((one) => one !== column).indexOf(before));
      go(columns, [...pins]);
    });
  }
}

/**
 * Let parts of an element be dragged before each other.
 * @param {Element} box
 * @param {string} selector
 * @param {(column: string, before: string) => void} dropped
 */
function dragging(box, selector, dropped) {
  let moved = "";
  const clear = () => box.querySelectorAll(".drop-before").forEach((one) => one.classList.remove("drop-before"));
  /** @param {Event} event */
  const part = (event) => (event.target instanceof Element ? event.target.closest(selector) : null);
  box.addEventListener("dragstart", (event) => (moved = part(event)?.getAttribute("data-column") ?? ""));
  box.addEventListener("dragover", (event) => {
    const over = part(event);
    clear();
    if (!moved || !over) return;
    event.preventDefault();
    over.classList.add("drop-before");
  });
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    const before = part(event)?.getAttribute("data-column");
    clear();
    if (moved && before && moved !== before) dropped(moved, before);
    moved = "";
  });
  box.addEventListener("dragend", clear);
}

/**
 * Show other columns.
 * @param {string[]} columns
 * @param {string[]} pins
 */
function go(columns, pins) {
  const address = new URL(location.href);
  address.searchParams.delete("column");
  address.searchParams.delete("pin");
  for (const one of columns) address.searchParams.append("column", one);
  for (const one of pins) if (columns.includes(one)) address.searchParams.append("pin", one);
  location.assign(address);
}
