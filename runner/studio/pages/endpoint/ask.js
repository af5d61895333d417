/** Asks the endpoint through the studio. A pasted key is only in this module's memory and in a request header. */
import { post, read } from "../../static/dom.js";

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
 * @param {[string, string][]} [fields] to send in a POST request; without them it is a GET request
 * @returns {Promise<any>}
 */
export async function endpoint(what, fields) {
  /** @type {Record<string, string>} */
  const headers = key ? { "X-Endpoint-Key": key } : {};
  return fields ? post(`${base}/${what}`, fields, headers) : read(`${base}/${what}`, headers);
}
