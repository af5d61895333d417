/** The environments. Each loads its contents when it is opened, and the open one is in the address. */
import { complain, get, readPart } from "../../static/dom.js";

const base = location.pathname.replace(/\/$/, "");
const list = get("#list", HTMLElement);

/** @param {HTMLDetailsElement} details */
async function open(details) {
  const contents = details.querySelector(".contents");
  if (!contents || contents.hasChildNodes()) return;
  contents.textContent = "Reading…";
  contents.replaceChildren(...(await readPart(`${base}/${details.dataset.key}`)));
}

async function show() {
  list.replaceChildren(...(await readPart(`${base}/table`)));
  list.removeAttribute("aria-busy");
  const wanted = location.hash.slice(1);
  for (const one of list.querySelectorAll("details")) {
    one.addEventListener("toggle", () => {
      if (one.open) {
        history.replaceState(null, "", `#${one.dataset.key}`);
        open(one).catch(complain);
      } else if (location.hash.slice(1) === one.dataset.key) history.replaceState(null, "", location.pathname);
    });
    if (one.dataset.key === wanted) one.open = true;
  }
}

show().catch(complain);
