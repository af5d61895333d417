/** Small helpers of pages: messages, copying, asking the server, making elements. Text is never read as markup. */

/**
 * Return the element that must be there.
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
 * Copy a text. Where the browser does not allow it, because the page is neither local nor encrypted, show it instead.
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
 * @returns {Promise<any>} what it answers; a mistake is thrown as an Error with its one line
 */
export async function post(address, fields) {
  const token = document.querySelector('meta[name="token"]')?.getAttribute("content") ?? "";
  return answerOf(
    fetch(address, {
      method: "POST",
      headers: { Accept: "application/json", "X-Token": token },
      body: new URLSearchParams(fields),
    }),
  );
}

/**
 * Read JSON from the server.
 * @param {string} address
 * @returns {Promise<any>}
 */
export async function read(address) {
  return answerOf(fetch(address, { headers: { Accept: "application/json" } }));
}

/**
 * @param {Promise<Response>} asked
 * @returns {Promise<any>}
 */
async function answerOf(asked) {
  const response = await asked.catch(() => {
    throw new Error("The studio does not answer. Is it still running?");
  });
  const kind = response.headers.get("Content-Type") ?? "";
  const value = kind.includes("json") ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Error(value.error ?? `The studio answered ${response.status}`);
  return value;
}

/**
 * Load this address again, or another one of the same page, and put some parts of the answer into this page.
 * @param {string} address
 * @param {string[]} selectors
 */
export async function refresh(address, selectors) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  const loaded = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const selector of selectors) {
    const old = document.querySelector(selector);
    const fresh = loaded.querySelector(selector);
    if (old && fresh) old.replaceWith(document.adoptNode(fresh));
  }
}
