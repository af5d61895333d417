/** The form built from the endpoint's schema, the answer, and the snippets to copy. */
import { get, make } from "../../static/dom.js";
import { endpoint } from "./ask.js";
import { curl, python } from "./snippets.js";

/**
 * @typedef {{name: string, kind: "number" | "choice" | "text", about: string, choices: any[], value: any}} Field
 * @typedef {{path: string, title: string, fields: Field[], by_name: boolean, methods: string[], body: any}} Form
 */

const needsKey = get("#head", HTMLElement).dataset.keys === "1";
let address = "";
/** @type {Form[]} */
let forms = [];
/** @type {Form | undefined} */
let form;

/** Load the endpoint's forms, and show one. */
export async function showForm() {
  const found = await endpoint("forms");
  ({ address, forms } = found);
  get("#no-form", HTMLElement).hidden = forms.length > 0;
  get("#no-form", HTMLElement).textContent = "The endpoint describes no rows to send.";
  get("#form", HTMLElement).hidden = !forms.length;
  if (!forms.length) return;
  const choices = get("#choices", HTMLElement);
  choices.replaceChildren();
  if (forms.length > 1) choices.append(select("model", "Model", forms.map((one) => one.path), (path) => choose(path)));
  choose(forms[0].path);
}

/** @param {string} path */
function choose(path) {
  form = forms.find((one) => one.path === path);
  if (!form) return;
  const shown = form;
  document.getElementById("method")?.closest("label")?.remove();
  if (shown.methods.length > 1) get("#choices", HTMLElement).append(select("method", "Method", ["", ...shown.methods], () => update()));
  get("#fields", HTMLElement).replaceChildren(...shown.fields.map(input));
  get("#body", HTMLTextAreaElement).value = shown.body ? JSON.stringify(shown.body) : "";
  if (!shown.body && shown.fields.length) update();
  show();
}

/**
 * @param {string} id
 * @param {string} title
 * @param {string[]} options
 * @param {(value: string) => void} chosen
 */
function select(id, title, options, chosen) {
  const box = /** @type {HTMLSelectElement} */ (make("select", { id }, ...options.map((one) => make("option", { value: one }, one || "its default"))));
  box.addEventListener("change", () => chosen(box.value));
  return make("label", { class: "field" }, `${title} `, box);
}

/** @param {Field} field */
function input(field) {
  const value = field.value ?? "";
  const box = field.kind === "choice"
    ? make("select", {}, ...field.choices.map((one, at) => make("option", { value: String(at), ...(one === field.value ? { selected: "" } : {}) }, one === null ? "missing" : String(one))))
    : make("input", { type: "text", value: String(value), autocomplete: "off", ...(field.kind === "number" ? { inputmode: "decimal" } : {}) });
  box.setAttribute("data-column", field.name);
  box.addEventListener("input", update);
  const name = /^\d+$/.test(field.name) ? `column ${field.name}` : field.name;
  return make("label", { class: "field", ...(field.about ? { title: field.about } : {}) }, make("span", {}, name), box);
}

/**
 * @param {Field} field
 * @returns {any} its value in the JSON of the request
 */
function valueOf(field) {
  const box = document.querySelector(`[data-column="${CSS.escape(field.name)}"]`);
  if (box instanceof HTMLSelectElement) return field.choices[Number(box.value)];
  const text = box instanceof HTMLInputElement ? box.value.trim() : "";
  if (text === "") return null;
  const number = Number(text);
  return field.kind === "number" && Number.isFinite(number) ? number : typeof field.value === "number" && Number.isFinite(number) ? number : text;
}

/** Write the request that the fields and the method make. */
function update() {
  const shown = form;
  if (!shown) return;
  const body = get("#body", HTMLTextAreaElement);
  /** @type {any} */
  let request = {};
  try {
    request = JSON.parse(body.value);
  } catch {
    request = {}; // it is not JSON, so it is replaced
  }
  if (shown.fields.length) {
    const row = shown.by_name ? Object.fromEntries(shown.fields.map((one) => [one.name, valueOf(one)])) : shown.fields.map(valueOf);
    request = { ...request, data: [row] };
  }
  const method = document.getElementById("method");
  delete request.method;
  if (method instanceof HTMLSelectElement && method.value) request.method = method.value;
  body.value = JSON.stringify(request);
  show();
}

/** Show the snippets that send the request. */
function show() {
  const body = get("#body", HTMLTextAreaElement);
  const target = `${address}${form?.path ?? "/score"}`;
  try {
    JSON.parse(body.value);
    body.removeAttribute("aria-invalid");
    get("#curl", HTMLElement).textContent = curl(target, body.value, needsKey);
    get("#python", HTMLElement).textContent = python(target, body.value, needsKey);
  } catch {
    body.setAttribute("aria-invalid", "true");
  }
}

/** Send the request through the studio. */
async function send() {
  const took = get("#took", HTMLElement);
  const shown = get("#answer", HTMLElement);
  const button = get("#send", HTMLButtonElement);
  button.disabled = true;
  try {
    const answer = await endpoint("try", [["path", form?.path ?? "/score"], ["body", get("#body", HTMLTextAreaElement).value]]);
    const version = answer.version ? `  ·  version ${answer.version}` : "";
    took.textContent = `${answer.status} ${answer.reason}  ·  ${(answer.seconds * 1000).toFixed(1)} ms${version}`;
    shown.textContent = pretty(answer.text);
  } catch (error) {
    took.textContent = "";
    shown.textContent = error instanceof Error ? error.message : String(error);
  }
  button.disabled = false;
}

/** @param {string} text */
function pretty(text) {
  if (text.length > 20000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}

/** Make the form work. */
export function startForm() {
  get("#form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  get("#body", HTMLTextAreaElement).addEventListener("input", show);
}
