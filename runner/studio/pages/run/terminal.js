/** Renders a line of a log as a terminal does, with colours, styles and carriage returns. */

const MARK = "\u001b";
const CODES = new RegExp(`${MARK}\\[([0-9;]*)([A-Za-z])|${MARK}\\][^\u0007${MARK}]*(?:\u0007|${MARK}\\\\)|${MARK}.`, "g");
const STEPS = [0, 95, 135, 175, 215, 255];

/** @typedef {{ classes: Set<string>, colour: string }} Style */

/**
 * Return a line as elements. Its text is never parsed as markup.
 * @param {string} line
 * @returns {DocumentFragment}
 */
export function render(line) {
  const found = document.createDocumentFragment();
  /** @type {Style} */
  const style = { classes: new Set(), colour: "" };
  const text = visible(line);
  let at = 0;
  for (const code of text.matchAll(CODES)) {
    add(found, text.slice(at, code.index), style);
    at = code.index + code[0].length;
    if (code[2] === "m") change(style, (code[1] || "0").split(";").map(Number));
  }
  add(found, text.slice(at), style);
  return found;
}

/**
 * Return what a terminal shows of a line after its carriage returns.
 * @param {string} line
 * @returns {string}
 */
export function visible(line) {
  if (!line.includes("\r")) return line;
  const parts = line.split("\r").filter((one) => one !== "");
  let shown = "";
  // Each part starts at the left again, and the end of a longer part before it stays visible.
  for (const part of parts.slice(-20)) shown = part.length >= shown.length || part.includes(MARK) ? part : part + shown.slice(part.length);
  return shown;
}

/**
 * @param {DocumentFragment} place
 * @param {string} text
 * @param {Style} style
 */
function add(place, text, style) {
  if (!text) return;
  if (!style.classes.size && !style.colour) {
    place.append(text);
    return;
  }
  const span = document.createElement("span");
  span.className = [...style.classes].join(" ");
  if (style.colour) span.style.color = style.colour;
  span.textContent = text;
  place.append(span);
}

/**
 * @param {Style} style
 * @param {number[]} codes
 */
function change(style, codes) {
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) {
      style.classes.clear();
      style.colour = "";
    } else if (code === 1) style.classes.add("bold");
    else if (code === 2) style.classes.add("faint");
    else if (code === 3) style.classes.add("italic");
    else if (code === 4) style.classes.add("underlined");
    else if (code === 22) for (const one of ["bold", "faint"]) style.classes.delete(one);
    else if (code === 23) style.classes.delete("italic");
    else if (code === 24) style.classes.delete("underlined");
    else if (code === 39) ink(style, "");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) ink(style, `ansi-${code % 10}`);
    else if (code === 38 && codes[at + 1] === 5) {
      indexed(style, codes[at + 2]);
      at += 2;
    } else if (code === 38 && codes[at + 1] === 2) {
      ink(style, "");
      style.colour = `rgb(${codes.slice(at + 2, at + 5).map((one) => Number(one) || 0).join(" ")})`;
      at += 4;
    } else if (code === 48) at += codes[at + 1] === 5 ? 2 : 4; // backgrounds are not shown
  }
}

/**
 * @param {Style} style
 * @param {string} name
 */
function ink(style, name) {
  for (const one of [...style.classes]) if (one.startsWith("ansi-")) style.classes.delete(one);
  style.colour = "";
  if (name) style.classes.add(name);
}

/**
 * Set one of the 256 colours: 16 of the terminal, a cube of 216, and 24 greys.
 * @param {Style} style
 * @param {number} index
 */
function indexed(style, index) {
  ink(style, index < 16 ? `ansi-${index % 8}` : "");
  if (index >= 232) style.colour = `rgb(${[0, 0, 0].map(() => 8 + (index - 232) * 10).join(" ")})`;
  else if (index >= 16) {
    const cube = index - 16;
    style.colour = `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((one) => STEPS[one]).join(" ")})`;
  }
}
