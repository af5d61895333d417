/** Highlights the row under the pointer in all charts of a page, and fades the rows outside the ranges. */

const MARGIN = 14;

/**
 * Show a row's label while the pointer is on one of its marks, and mark the row in all charts.
 * @param {HTMLElement} root
 * @param {() => import("./scatter.js").Row[]} rows
 */
export function startPointer(root, rows) {
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;
  document.body.append(tip);

  /** @param {string | null} row */
  const mark = (row) => {
    for (const one of root.querySelectorAll(".on")) one.classList.remove("on");
    if (row !== null) for (const one of root.querySelectorAll(`[data-n="${CSS.escape(row)}"]`)) one.classList.add("on");
  };
  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   */
  const show = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const { offsetWidth, offsetHeight } = tip;
    tip.style.left = `${Math.max(4, x + MARGIN + offsetWidth > innerWidth ? x - MARGIN - offsetWidth : x + MARGIN)}px`;
    tip.style.top = `${Math.max(4, Math.min(y + MARGIN, innerHeight - offsetHeight - 4))}px`;
  };
  const hide = () => {
    tip.hidden = true;
    mark(null);
  };
  root.addEventListener("pointerover", (event) => {
    const found = event.target instanceof Element ? event.target.closest("[data-n]") : null;
    const row = found?.getAttribute("data-n") ?? null;
    if (row === null) return hide();
    mark(row);
    if (found instanceof SVGElement) show(rows()[Number(row)]?.label ?? "", event.clientX, event.clientY);
  });
  root.addEventListener("pointerleave", hide);
  root.addEventListener("unpoint", hide);
  root.addEventListener("point", (event) => {
    const { row, text, x, y } = /** @type {CustomEvent} */ (event).detail;
    mark(String(row));
    show(text, x, y);
  });
}

/**
 * Fade the marks of the rows that are not kept, and hide them in tables. Charts that are drawn later are not affected.
 * @param {HTMLElement} root
 * @param {Set<number> | null} kept null keeps all
 */
export function keep(root, kept) {
  for (const one of root.querySelectorAll("[data-n]")) {
    const out = kept !== null && !kept.has(Number(one.getAttribute("data-n")));
    if (one instanceof HTMLTableRowElement) one.hidden = out;
    else one.classList.toggle("out", out);
  }
}
