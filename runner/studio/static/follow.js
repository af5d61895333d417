/** Keeps parts of a page up to date with the workspace. */
import { refresh } from "./dom.js";
import { keepCurrent } from "./live.js";

/**
 * Replace parts of the page when something of one of the kinds has changed.
 * @param {("runs" | "sweeps" | "models" | "endpoints" | "data")[]} kinds
 * @param {string[]} parts selectors
 * @param {() => void} [after] called when the new parts are in place
 */
export function follow(kinds, parts, after = () => {}) {
  keepCurrent((change) => kinds.some((kind) => change[kind]), async () => {
    await refresh(location.href, parts);
    after();
  });
}
