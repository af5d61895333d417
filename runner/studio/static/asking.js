/** Asks for confirmation or a value in the dialog of `asking.html`. */
import { get } from "./dom.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text what will happen
 * @property {string} go the text of the button
 * @property {string} [stay] the text of the other button
 * @property {string} [label] the label of the value; without it no value is asked for
 * @property {string} [value] the initial value
 * @property {boolean} [optional] whether the value may be empty
 * @property {boolean} [lines] whether the value may have several lines
 * @property {boolean} [danger] whether the action cannot be undone
 */

/**
 * Return the value, or an empty text if none was asked for, or null if the user canceled.
 * @param {Question} question
 * @returns {Promise<string | null>}
 */
export function ask(question) {
  const dialog = get("#ask", HTMLDialogElement);
  const field = fieldOf(question);
  const label = get("#ask-label", HTMLElement);
  const go = get("#ask-go", HTMLButtonElement);
  const stay = get("#ask-cancel", HTMLButtonElement);
  get("#ask-value", HTMLElement).replaceWith(field);
  get("#ask-title", HTMLElement).textContent = question.title;
  get("#ask-text", HTMLElement).textContent = question.text;
  label.textContent = question.label ?? "";
  label.hidden = field.hidden = !question.label;
  go.textContent = question.go;
  go.classList.toggle("danger", Boolean(question.danger));
  stay.textContent = question.stay ?? "Cancel";
  stay.onclick = () => dialog.close("");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "go" ? field.value : null), { once: true });
  });
}

/**
 * @param {Question} question
 * @returns {HTMLInputElement | HTMLTextAreaElement}
 */
function fieldOf({ label, value, optional, lines }) {
  const field = lines ? document.createElement("textarea") : document.createElement("input");
  if (field instanceof HTMLInputElement) field.type = "text";
  else field.rows = 8;
  field.id = "ask-value";
  field.autocomplete = "off";
  field.spellcheck = false;
  field.required = Boolean(label && !optional);
  field.value = value ?? "";
  return field;
}
