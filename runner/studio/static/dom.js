/** Helpers of pages: messages, the clipboard, requests, new elements. Text is never parsed as markup. */

/**
 * Return an element, or throw an error if the page does not have it.
 * @template {Element} T
 * @param {string} selector
 * @param {new (...args: any[]) => T} kind
 * @returns {T}
 */
export function get(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`There is no ${selector}`);
  return found;
}

/**
 * Make an element.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * Show a message for some seconds.
 * @param {string} text
 * @param {boolean} [bad]
 */
export function toast(text, bad = false) {
  const shown = make("div", { class: bad ? "toast bad" : "toast" }, text);
  document.getElementById("toasts")?.append(shown);
  setTimeout(() => shown.remove(), bad ? 10000 : 4000);
}

/**
 * Show an error.
 * @param {unknown} error
 */
export function complain(error) {
  toast(error instanceof Error ? error.message : String(error), true);
}

/**
 * Copy a text. If the browser forbids it, because the page is neither local nor encrypted, show the text instead.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast(`This browser doesn't let the page copy:\n${text}`);
  }
}

/**
 * Change something on the server.
 * @param {string} address
 * @param {[string, string][]} fields
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} the answer; an error of the server is thrown with its message
 */
export async function post(address, fields, headers = {}) {
  return answerOf(
    request(address, {
      method: "POST",
      headers: { Accept: "application/json", "X-Token": token(), ...headers },
      body: new URLSearchParams(fields),
    }),
  );
}

/**
 * Read JSON from the server.
 * @param {string} address
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>}
 */
export async function read(address, headers = {}) {
  return answerOf(request(address, { headers: { Accept: "application/json", ...headers } }));
}

/**
 * Read a part of a page from the server. An error of the server is thrown with its message.
 * @param {string} address
 * @returns {Promise<ChildNode[]>}
 */
export async function readPart(address) {
  return [...(await pageAt(address)).body.childNodes];
}

/**
 * Ask the server to do something whose answer is a part of a page.
 * @param {string} address
 * @param {[string, string][]} fields
 * @returns {Promise<ChildNode[]>}
 */
export async function postPart(address, fields) {
  return [...(await pageAt(address, { method: "POST", body: new URLSearchParams(fields) })).body.childNodes];
}

/** @returns {string} the token that each change carries */
function token() {
  return document.querySelector('meta[name="token"]')?.getAttribute("content") ?? "";
}

/**
 * @param {string} address
 * @param {RequestInit} [options]
 * @returns {Promise<Document>}
 */
async function pageAt(address, options = {}) {
  const response = await request(address, { ...options, headers: { Accept: "text/html", "X-Token": token() } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new Error(page.querySelector('[role="alert"]')?.textContent ?? `The studio answered ${response.status}`);
  return page;
}

/**
 * Send a request, and repeat it once if it only reads: a browser drops what is under way when the machine's network
 * changes, such as when a container starts.
 * @param {string} address
 * @param {RequestInit} options
 * @returns {Promise<Response>}
 */
async function request(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    if (options.method === "POST") return silent();
    return fetch(address, options).catch(silent);
  }
}

/** @returns {never} */
function silent() {
  throw new Error("The studio does not answer. Is it still running?");
}

/**
 * @param {Promise<Response>} answer
 * @returns {Promise<any>}
 */
async function answerOf(answer) {
  const response = await answer;
  const kind = response.headers.get("Content-Type") ?? "";
  const value = kind.includes("json") ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Error(value.error ?? `The studio answered ${response.status}`);
  return value;
}

/**
 * Load this page again, or the same page at another address, and replace some of its parts. What is scrolled in a part
 * stays where it is, and the focus where it was. A part in which the user is typing is left as it is.
 * @param {string} address
 * @param {string[]} selectors
 */
export async function refresh(address, selectors) {
  const loaded = await pageAt(address);
  for (const selector of selectors) {
    const old = document.querySelector(selector);
    const fresh = loaded.querySelector(selector);
    if (!old || !fresh || isTypedIn(old)) continue;
    const [positions, focused] = [boxes(old).map((box) => [box.scrollLeft, box.scrollTop]), focusIn(old)];
    old.replaceWith(document.adoptNode(fresh));
    for (const [at, box] of boxes(fresh).entries()) box.scrollTo(positions[at]?.[0] ?? 0, positions[at]?.[1] ?? 0);
    const again = focused && [fresh, ...fresh.querySelectorAll(focused.selector)][focused.at + 1];
    if (again instanceof HTMLElement || again instanceof SVGElement) again.focus({ preventScroll: true });
  }
}

/**
 * Return whether the focus is in a text field of a part.
 * @param {Element} part
 */
function isTypedIn(part) {
  const focused = document.activeElement;
  return part.contains(focused) && Boolean(focused?.matches("input[type=text], input[type=search], input[type=password], textarea"));
}

/**
 * Return a part and what is in it that may be scrolled.
 * @param {Element} part
 */
function boxes(part) {
  return [part, ...part.querySelectorAll('[tabindex="0"]')];
}

const NAMING = ["id", "name", "value", "href", "aria-label", "data-ask", "data-value", "data-action"];

/**
 * Return how the focused element of a part is found again in its new version: by what names it, and by its place among
 * others of that name, which is -1 for the part itself.
 * @param {Element} part
 * @returns {{ selector: string, at: number } | null}
 */
function focusIn(part) {
  const focused = document.activeElement;
  if (!focused || !part.contains(focused)) return null;
  const names = NAMING.filter((name) => focused.hasAttribute(name));
  const selector = focused.localName + names.map((name) => `[${name}="${CSS.escape(focused.getAttribute(name) ?? "")}"]`).join("");
  return { selector, at: [...part.querySelectorAll(selector)].indexOf(focused) };
}
