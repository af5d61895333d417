/** Asks for confirmation or a value in the dialog of `asking.html`. */
import { get } from "./dom.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text what will happen
 * @property {string} go the text of the button
 * @property {string} [label] the label of the value; without it no value is asked for
 * @property {string} [value] the initial value
 * @property {boolean} [danger] whether the action cannot be undone
 */

/**
 * Return the value, or an empty text if none was asked for, or null if the user canceled.
 * @param {Question} question
 * @returns {Promise<string | null>}
 */
export function ask(question) {
  const dialog = get("#ask", HTMLDialogElement);
  const input = get("#ask-value", HTMLInputElement);
  const label = get("#ask-label", HTMLElement);
  const go = get("#ask-go", HTMLButtonElement);
  get("#ask-title", HTMLElement).textContent = question.title;
  get("#ask-text", HTMLElement).textContent = question.text;
  label.textContent = question.label ?? "";
  label.hidden = input.hidden = !question.label;
  input.required = Boolean(question.label);
  input.value = question.value ?? "";
  go.textContent = question.go;
  go.classList.toggle("danger", Boolean(question.danger));
  get("#ask-cancel", HTMLButtonElement).onclick = () => dialog.close("");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "go" ? input.value : null), { once: true });
  });
}
