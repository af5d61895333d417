/** Keeps parts of a page as the workspace is. */
import { refresh, toast } from "./dom.js";
import { onChange } from "./live.js";

const PAUSE = 400; // milliseconds between two updates

/**
 * Load parts of the page anew when something of a kind has changed.
 * @param {("runs" | "sweeps" | "models" | "endpoints" | "data")[]} kinds
 * @param {string[]} parts selectors
 * @param {() => void} [after] called with the new parts in place
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
