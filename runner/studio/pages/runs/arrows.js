/** Moves between the checkboxes of runs with the arrow keys, and selects with Shift. */

/** @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1 };

/**
 * @param {() => HTMLInputElement[]} boxes the checkboxes from top to bottom
 * @param {() => void} changed called after the selection has changed
 */
export function startArrows(boxes, changed) {
  let anchor = -1; // where a selection with Shift began
  /** @type {boolean[]} */
  let before = []; // what was checked then

  document.addEventListener("keydown", (event) => {
    const every = boxes();
    const at = every.findIndex((one) => one === event.target);
    const to = at + (STEPS[event.key] ?? 0);
    if (event.key !== "Shift" && !(event.key in STEPS && event.shiftKey)) anchor = -1;
    if (at < 0 || !(event.key in STEPS)) return;
    event.preventDefault();
    if (!every[to]) return;
    every[to].focus();
    if (!event.shiftKey) return;
    if (anchor < 0) [anchor, before] = [at, every.map((one) => one.checked)];
    const [first, last] = [Math.min(anchor, to), Math.max(anchor, to)];
    for (const [number, one] of every.entries()) one.checked = Boolean(before[number]) || (number >= first && number <= last);
    changed();
  });
}
