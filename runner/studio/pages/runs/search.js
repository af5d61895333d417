/** The search field, which completes names of fields. It follows the combobox pattern of ARIA. */
import { get, make, read } from "../../static/dom.js";

const WORD = /[\w.[\]'" ]*$/;
const SHOWN = 12;

/** @type {Promise<string[]> | null} */
let names = null;

/** Add completion to the search field. */
export function startSearch() {
  const field = get("#where", HTMLInputElement);
  const list = get("#completions", HTMLUListElement);

  /** @returns {Element | null} */
  const marked = () => list.querySelector('[aria-selected="true"]');

  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  /** @param {number} by */
  const move = (by) => {
    const options = [...list.children];
    const old = options.findIndex((one) => one === marked());
    const at = old < 0 && by < 0 ? options.length - 1 : (old + by + options.length) % options.length;
    options[old]?.setAttribute("aria-selected", "false");
    options[at]?.setAttribute("aria-selected", "true");
    options[at]?.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", options[at]?.id ?? "");
  };

  /** @param {string} name */
  const take = (name) => {
    const end = field.selectionStart ?? field.value.length;
    const start = end - wordBefore(field.value.slice(0, end)).length;
    field.setRangeText(`${name} `, start, end, "end");
    close();
    field.focus();
  };

  const offer = async () => {
    names ??= read(new URL("runs/fields", `${location.origin}${folder()}`).href).then((found) => found.search);
    const known = await names.catch(() => {
      names = null; // the next key tries again
      return /** @type {string[]} */ ([]);
    });
    const word = wordBefore(field.value.slice(0, field.selectionStart ?? 0)).toLowerCase();
    const found = word ? rank(known, word).slice(0, SHOWN) : [];
    list.replaceChildren(...found.map((name, at) => make("li", { role: "option", id: `completion-${at}`, "aria-selected": "false" }, name)));
    if (!found.length) return close();
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
  };

  field.addEventListener("input", offer);
  field.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    if (event.target instanceof HTMLLIElement) take(event.target.textContent ?? "");
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && list.hidden) return void offer();
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && marked()) take(marked()?.textContent ?? "");
    else return;
    event.preventDefault();
  });
}

/** @returns {string} the part of the address that pages of this workspace share */
function folder() {
  return location.pathname.replace(/[^/]*$/, "");
}

/**
 * Return the name that is being typed at the end of a text.
 * @param {string} text
 * @returns {string}
 */
function wordBefore(text) {
  const found = WORD.exec(text)?.[0] ?? "";
  return found.includes("[") ? found.slice(found.search(/\w+\[[^\]]*$/)) : (/[\w.]*$/.exec(found)?.[0] ?? "");
}

/**
 * Return the names that contain a word. Names that begin with it come first.
 * @param {string[]} known
 * @param {string} word
 * @returns {string[]}
 */
function rank(known, word) {
  /** @param {string} name */
  const place = (name) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(word)) return 0;
    return lower.includes(`.${word}`) ? 1 : 2;
  };
  return known
    .filter((name) => name.toLowerCase().includes(word) && name.toLowerCase() !== word)
    .sort((one, other) => place(one) - place(other));
}
