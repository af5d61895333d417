/** Asks the endpoint through the studio. A pasted key is in this module's memory and in a header, and nowhere else. */

const base = location.pathname.replace(/\/$/, "");
let key = "";

/** @param {string} pasted */
export function useKey(pasted) {
  key = pasted.trim();
}

export function hasKey() {
  return key !== "";
}

/**
 * @param {string} what
 * @param {[string, string][]} [fields] to be sent; without them it is a question
 * @returns {Promise<any>}
 */
export async function endpoint(what, fields) {
  const token = document.querySelector('meta[name="token"]')?.getAttribute("content") ?? "";
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-Token": token };
  if (key) headers["X-Endpoint-Key"] = key;
  const response = await fetch(`${base}/${what}`, { headers, method: fields ? "POST" : "GET", body: fields ? new URLSearchParams(fields) : undefined });
  const value = await response.json();
  if (!response.ok) throw new Error(value.error ?? `The studio answered ${response.status}`);
  return value;
}
