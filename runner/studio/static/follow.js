/** Keeps parts of a page up to date with the workspace. */
import { startClocks, updateClocks } from "./clocks.js";
import { refresh } from "./dom.js";
import { keepCurrent } from "./live.js";

/** @typedef {"runs" | "sweeps" | "models" | "endpoints" | "data"} Kind */

/**
 * Replace parts of the page when something of one of the kinds has changed.
 * @param {Kind[]} kinds
 * @param {string[] | (() => string[])} parts selectors
 * @param {() => void} [after] called when the new parts are in place
 */
export function follow(kinds, parts, after = () => {}) {
  startClocks();
  keepCurrent((change) => kinds.some((kind) => change[kind]), async () => {
    await refresh(location.href, typeof parts === "function" ? parts() : parts);
    updateClocks();
    after();
  });
}

/**
 * Keep a page of `list.html` up to date. A list without entries has no filters either, so all of it is replaced.
 * @param {Kind[]} kinds
 */
export function followList(kinds) {
  follow(kinds, () => (document.getElementById("count") ? ["#count", "#list", "#pages"] : ["main"]));
}
