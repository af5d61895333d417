/** Edits the name, note and tags in place. */
import { complain, make, post } from "../../static/dom.js";

/**
 * @param {string} base the run's address
 * @param {() => Promise<void>} update
 */
export function startEditing(base, update) {
  /**
   * @param {string} address
   * @param {[string, string][]} fields
   */
  async function save(address, fields) {
    try {
      await post(`${base}/${address}`, fields);
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      await update();
    } catch (error) {
      complain(error);
    }
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const dropped = event.target.closest(".tag .drop");
    if (dropped) save("tags", [["name", dropped.closest(".tag")?.getAttribute("data-tag") ?? ""]]);
    const place = event.target.closest(".edit")?.closest(".editable");
    if (place instanceof HTMLElement) edit(place, save);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.id !== "add-tag") return;
    event.preventDefault();
    const fields = new FormData(form);
    save("tags", [["name", String(fields.get("name"))], ["value", String(fields.get("value"))]]);
  });
}

/**
 * Replace a value with an input field. Enter or leaving the field saves, and Escape keeps the old value.
 * @param {HTMLElement} place
 * @param {(address: string, fields: [string, string][]) => Promise<void>} save
 */
function edit(place, save) {
  const shown = place.querySelector(".value");
  const field = place.dataset.field ?? "";
  const before = shown?.classList.contains("quiet") ? "" : (shown?.textContent ?? "");
  const kept = [...place.childNodes];
  const input = /** @type {HTMLInputElement | HTMLTextAreaElement} */ (
    field === "note" ? make("textarea", { rows: "3", "aria-label": field }) : make("input", { type: "text", "aria-label": field })
  );
  input.value = before;
  let done = false;
  /** @param {boolean} keep */
  const end = (keep) => {
    if (done) return;
    done = true;
    place.replaceChildren(...kept);
    if (keep && input.value !== before) save("text", [["field", field], ["value", input.value]]);
  };
  input.addEventListener("keydown", (event) => {
    const key = /** @type {KeyboardEvent} */ (event);
    if (key.key === "Escape") end(false);
    if (key.key === "Enter" && !key.shiftKey) {
      key.preventDefault();
      end(true);
    }
  });
  input.addEventListener("blur", () => end(true));
  place.replaceChildren(input);
  input.focus();
}
