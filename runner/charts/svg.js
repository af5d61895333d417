/** SVG elements, and charts that are redrawn when their width or the colour scheme changes. */

const NAMESPACE = "http://www.w3.org/2000/svg";
/** Colours that colour-blind people can tell apart (Okabe and Ito). */
export const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c00", "#7f7f7f"];
// Cividis is readable with all common kinds of colour blindness. The end that is close to the background is left out.
const LIGHT = [[0, 32, 77], [49, 68, 108], [102, 105, 112], [149, 143, 120], [203, 186, 105], [230, 200, 60]];
const DARK = [[66, 100, 160], [98, 122, 160], [136, 140, 146], [176, 166, 120], [218, 198, 92], [253, 231, 70]];
const isDark = matchMedia("(prefers-color-scheme: dark)");

/**
 * Add an element. Text is never parsed as markup.
 * @param {Element} parent
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 * @returns {SVGElement}
 */
export function draw(parent, name, attributes, text) {
  const element = document.createElementNS(NAMESPACE, name);
  for (const key in attributes) element.setAttribute(key, String(attributes[key]));
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return /** @type {SVGElement} */ (element);
}

/**
 * @param {number} width
 * @param {number} height
 * @param {string} label what a screen reader says
 * @returns {SVGElement}
 */
export function canvas(width, height, label) {
  const element = document.createElementNS(NAMESPACE, "svg");
  element.setAttribute("viewBox", `0 0 ${width} ${height}`);
  element.setAttribute("height", String(height));
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", label);
  return element;
}

/**
 * Return the colour of a share from 0 to 1.
 * @param {number} share
 * @returns {string}
 */
export function colour(share) {
  const scale = isDark.matches ? DARK : LIGHT;
  const at = Math.max(0, Math.min(1, share)) * (scale.length - 1);
  const low = Math.min(scale.length - 2, Math.floor(at));
  return `rgb(${scale[low].map((part, i) => Math.round(part + (scale[low + 1][i] - part) * (at - low))).join()})`;
}

/**
 * Cut a text.
 * @param {string} text
 * @param {number} most
 */
export function brief(text, most) {
  return text.length > most ? `${text.slice(0, Math.max(1, most - 1))}\u2026` : text;
}

/** @type {Map<HTMLElement, () => void>} */
const places = new Map();
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) if (target instanceof HTMLElement) places.get(target)?.();
});
isDark.addEventListener("change", () => {
  for (const [place, again] of places) {
    place.dataset.width = "";
    again();
  }
});

/**
 * Show a chart in a place, as wide as the place is.
 * @param {HTMLElement} place
 * @param {(width: number) => SVGElement} make
 */
export function show(place, make) {
  const redraw = () => {
    if (!place.isConnected) return hide(place);
    const width = Math.max(260, Math.floor(place.clientWidth));
    if (place.dataset.width === String(width)) return;
    place.dataset.width = String(width);
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
    place.replaceChildren(make(width));
    const again = focused && place.querySelector(`[aria-label="${CSS.escape(focused)}"]`);
    if (again instanceof SVGElement) again.focus();
    place.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
  };
  place.dataset.width = "";
  places.set(place, redraw);
  sizes.observe(place);
  redraw();
}

/**
 * Remove a chart. It is not drawn again when the width changes.
 * @param {HTMLElement} place
 */
export function hide(place) {
  places.delete(place);
  sizes.unobserve(place);
  place.replaceChildren();
}
