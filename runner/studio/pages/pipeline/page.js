/** One pipeline, kept up to date while it runs. An update keeps the focus and the scroll position. */
import { ask } from "../../static/asking.js";
import { startClocks, updateClocks } from "../../static/clocks.js";
import { get, post, refresh, toast } from "../../static/dom.js";
import { keepCurrent } from "../../static/live.js";

const PARTS = ["#head", "#failure", "#graph", "#facts", "#metrics"];
const base = get("#head", HTMLElement).dataset.base ?? "";

async function update() {
  const left = document.querySelector("#graph .scroll")?.scrollLeft ?? 0;
  const focused = document.activeElement?.closest("#graph a");
  const place = focused?.closest(".tree") ? ".tree" : ".graph";
  const href = focused?.getAttribute("href");
  await refresh(location.href, PARTS);
  updateClocks();
  document.querySelector("#graph .scroll")?.scrollTo(left, 0);
  const again = href ? document.querySelector(`#graph ${place} a[href="${CSS.escape(href)}"]`) : null;
  if (again instanceof HTMLElement || again instanceof SVGElement) again.focus({ preventScroll: true });
}

async function cancel() {
  const text = "Its running steps are ended, and no other begins. What its steps have written is kept.";
  if ((await ask({ title: "Cancel the pipeline", text, go: "Cancel the pipeline", danger: true })) === null) return;
  const { done } = await post(`${base}/cancel`, []);
  toast(done);
}

/** @param {unknown} error */
function say(error) {
  toast(error instanceof Error ? error.message : String(error), true);
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("#cancel")) cancel().catch(say);
});

keepCurrent((change) => Boolean(change.runs), update);
startClocks();
