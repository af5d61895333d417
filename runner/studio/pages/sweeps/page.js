/** The list of sweeps: kept up to date. */
import { refresh } from "../../static/dom.js";
import { keepCurrent } from "../../static/live.js";

async function update() {
  const box = document.getElementById("list");
  const [left, top] = [box?.scrollLeft ?? 0, box?.scrollTop ?? 0];
  const focused = document.activeElement?.closest("#list a")?.getAttribute("href");
  await refresh(location.href, ["#count", "#list", "#pages"]);
  document.getElementById("list")?.scrollTo(left, top);
  const again = focused ? document.querySelector(`#list a[href="${CSS.escape(focused)}"]`) : null;
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

keepCurrent((change) => Boolean(change.sweeps), update);
