/** The list of sweeps: kept up to date. */
import { refresh, toast } from "../../static/dom.js";
import { onChange } from "../../static/live.js";

const PAUSE = 700; // milliseconds between two updates
let waiting = false;

onChange((change) => {
  if (waiting || (change && !change.sweeps)) return;
  waiting = true;
  setTimeout(async () => {
    waiting = false;
    const box = document.getElementById("list");
    const [left, top] = [box?.scrollLeft ?? 0, box?.scrollTop ?? 0];
    const focused = document.activeElement?.closest("#list a")?.getAttribute("href");
    try {
      await refresh(location.href, ["#count", "#list", "#pages"]);
      document.getElementById("list")?.scrollTo(left, top);
      const again = focused ? document.querySelector(`#list a[href="${CSS.escape(focused)}"]`) : null;
      if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), true);
    }
  }, PAUSE);
});
