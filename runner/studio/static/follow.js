/** Keeps parts of a page up to date with the workspace. */
import { startClocks, updateClocks } from "./clocks.js";
import { refresh } from "./dom.js";
import { keepCurrent } from "./live.js";

/** @typedef {"runs" | "sweeps" | "models" | "endpoints" | "data"} Kind */

/**
 * Replace parts of the page when something of one of the kinds has changed.
 * @param {Kind[]} kinds
 * @param {string[]} parts selectors
 * @param {() => void} [after] called when the new parts are in place
 */
export function follow(kinds, parts, after = () => {}) {
  startClocks();
  keepCurrent((change) => kinds.some((kind) => change[kind]), async () => {
    await refresh(location.href, parts);
    updateClocks();
    after();
  });
}

/**
 * Keep a page of `list.html` up to date.
 * @param {Kind[]} kinds
 */
export function followList(kinds) {
  follow(kinds, ["#count", "#list", "#pages"], () => {
    if (!document.getElementById("count") && !document.querySelector("#list.empty")) location.reload(); // the first entry
  });
}
