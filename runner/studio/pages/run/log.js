/**
 * A log of any size. Some thousand lines around the visible ones are loaded on scrolling, and its end while it grows.
 *
 * @typedef {{ start: number, end: number, size: number, lines: [number, string][] }} Window
 */
import { complain, get, make, read } from "../../static/dom.js";
import { render } from "./terminal.js";

const KEPT = 3000; // lines that the page holds
const NEAR = 600; // pixels from an edge within which more is loaded

/**
 * Show the log of the page.
 * @param {string} base the run's address
 * @returns {(() => Promise<void>) | undefined} a function that shows new lines
 */
export function startLog(base) {
  const box = document.getElementById("log");
  if (!box) return undefined;
  const name = box.dataset.log ?? "";
  const follow = get("#follow", HTMLInputElement);
  let [start, end, size] = [0, 0, 0];
  let loading = false;
  let found = -1;

  /**
   * @param {Record<string, string>} where
   * @returns {Promise<Window>}
   */
  const load = (where) => read(`${base}/log?${new URLSearchParams({ name, ...where })}`);

  /** @param {[number, string]} line */
  const row = ([at, text]) => make("div", { class: at === found ? "line found" : "line", "data-at": String(at) }, render(text));

  function showPosition() {
    const share = size ? Math.round((100 * end) / size) : 100;
    get("#place", HTMLElement).textContent = `Lines up to ${share} % of ${size.toLocaleString("en")} bytes`;
  }

  /** @param {Window} window */
  function replace(window) {
    ({ start, end, size } = window);
    box?.replaceChildren(...window.lines.map(row));
    showPosition();
  }

  /** @param {() => Promise<void>} work */
  async function once(work) {
    if (loading) return;
    loading = true;
    try {
      await work();
    } catch (error) {
      complain(error);
    } finally {
      loading = false;
    }
  }

  async function toEnd() {
    replace(await load({}));
    if (box) box.scrollTop = box.scrollHeight;
  }

  /** Append the lines that follow. The last line is read again, because it may have been unfinished. */
  async function add() {
    const last = box?.lastElementChild;
    const from = last ? Number(last.getAttribute("data-at")) : start;
    const window = await load({ after: String(from) });
    if (window.size < end) {
      await toEnd(); // the script has truncated its log
      return;
    }
    last?.remove();
    box?.append(...window.lines.map(row));
    end = Math.max(end, window.end);
    size = window.size;
    trim(true);
    showPosition();
  }

  async function insert() {
    if (!box) return;
    const [height, top] = [box.scrollHeight, box.scrollTop];
    const window = await load({ before: String(start) });
    box.prepend(...window.lines.map(row));
    start = window.start;
    box.scrollTop = top + box.scrollHeight - height;
    trim(false);
    showPosition();
  }

  /** @param {boolean} first whether lines are removed at the beginning */
  function trim(first) {
    if (!box) return;
    const [height, top] = [box.scrollHeight, box.scrollTop];
    while (box.children.length > KEPT) {
      const gone = first ? box.firstElementChild : box.lastElementChild;
      if (!first) end = Number(gone?.getAttribute("data-at"));
      gone?.remove();
      if (first) start = Number(box.firstElementChild?.getAttribute("data-at"));
    }
    if (first) box.scrollTop = Math.max(0, top - (height - box.scrollHeight));
  }

  async function grow() {
    if (!follow.checked) {
      size = (await load({ after: String(Number.MAX_SAFE_INTEGER) })).size;
      showPosition();
      return;
    }
    if (end < size) await toEnd();
    let before = -1;
    for (let rounds = 0; rounds < 50 && before !== end; rounds += 1) {
      before = end;
      await add();
      if (end >= size) break;
    }
    if (box) box.scrollTop = box.scrollHeight;
  }

  box.addEventListener("scroll", () => {
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (below > 40 && follow.checked && !loading) follow.checked = false;
    if (box.scrollTop < NEAR && start > 0) once(insert);
    else if (below < NEAR && end < size) once(add);
  });
  follow.addEventListener("change", () => follow.checked && once(toEnd));
  get("#first", HTMLButtonElement).addEventListener("click", () => {
    follow.checked = false;
    once(async () => {
      replace(await load({ after: "0" }));
      box.scrollTop = 0;
    });
  });
  get("#last", HTMLButtonElement).addEventListener("click", () => once(toEnd));
  document.getElementById("log-name")?.addEventListener("change", (event) => {
    const address = new URL(location.href);
    address.searchParams.set("name", /** @type {HTMLSelectElement} */ (event.target).value);
    location.assign(address);
  });

  const field = get("#find", HTMLInputElement);
  /** @param {boolean} back */
  async function seek(back) {
    const text = field.value;
    const sign = get("#found", HTMLElement);
    if (!text) return;
    follow.checked = false;
    const from = found < 0 ? (back ? size : 0) : back ? found : found + 1;
    const query = new URLSearchParams({ name, text, from: String(from), ...(back ? { back: "1" } : {}) });
    const { position } = await read(`${base}/log/find?${query}`);
    if (position === null) {
      sign.textContent = found < 0 ? "Not found" : back ? "No earlier match" : "No later match";
      found = -1;
      return;
    }
    sign.textContent = "";
    const window = await load({ around: String(position) });
    found = window.lines.reduce((last, [at]) => (at <= position ? at : last), window.start);
    replace(window);
    found = position;
    box?.querySelector(".found")?.scrollIntoView({ block: "center" });
    const address = new URL(location.href);
    address.searchParams.set("find", text);
    history.replaceState(null, "", address);
  }
  get("#log-tools", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    once(() => seek(false));
  });
  get("#next", HTMLButtonElement).addEventListener("click", () => once(() => seek(false)));
  get("#previous", HTMLButtonElement).addEventListener("click", () => once(() => seek(true)));
  field.addEventListener("input", () => (found = -1));

  const wanted = new URL(location.href).searchParams.get("find");
  if (wanted) field.value = wanted;
  once(async () => {
    await toEnd();
    if (wanted) await seek(false);
  });
  return () => once(grow);
}
