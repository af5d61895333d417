/** Keeps parts of a page up to date with the workspace. */
import { refresh, toast } from "./dom.js";
import { onChange } from "./live.js";

const PAUSE = 400; // milliseconds between two updates

/**
 * Replace parts of the page when something of one of the kinds has changed.
 * @param {("runs" | "sweeps" | "models" | "endpoints" | "data")[]} kinds
 * @param {string[]} parts selectors
 * @param {() => void} [after] called when the new parts are in place
 */
export function follow(kinds, parts, after = () => {}) {
  let waiting = false;
  onChange((change) => {
    if (waiting || (change && !kinds.some((kind) => change[kind]))) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      refresh(location.href, parts).then(after, (error) => toast(error.message, true));
    }, PAUSE);
  });
}
