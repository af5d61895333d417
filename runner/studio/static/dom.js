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
  const token = document.querySelector('meta[name="token"]')?.getAttribute("content") ?? "";
  return answerOf(
    fetch(address, {
      method: "POST",
      headers: { Accept: "application/json", "X-Token": token, ...headers },
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
  return answerOf(fetch(address, { headers: { Accept: "application/json", ...headers } }));
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
 * @param {string} address
 * @returns {Promise<Document>}
 */
async function pageAt(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new Error(page.querySelector('[role="alert"]')?.textContent ?? `The studio answered ${response.status}`);
  return page;
}

/**
 * @param {Promise<Response>} request
 * @returns {Promise<any>}
 */
async function answerOf(request) {
  const response = await request.catch(() => {
    throw new Error("The studio does not answer. Is it still running?");
  });
  const kind = response.headers.get("Content-Type") ?? "";
  const value = kind.includes("json") ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Error(value.error ?? `The studio answered ${response.status}`);
  return value;
}

/**
 * Load this page again, or the same page at another address, and replace some of its parts.
 * @param {string} address
 * @param {string[]} selectors
 */
export async function refresh(address, selectors) {
  const loaded = await pageAt(address);
  for (const selector of selectors) {
    const old = document.querySelector(selector);
    const fresh = loaded.querySelector(selector);
    if (old && fresh) old.replaceWith(document.adoptNode(fresh));
  }
}
