/** The script of every page: the menu on narrow screens, copy buttons, and the connection status. */
import { copy } from "./dom.js";
import { watchState } from "./live.js";

const menu = document.getElementById("menu");
const button = document.getElementById("menu-button");

/** @param {boolean} open */
function show(open) {
  menu?.classList.toggle("open", open);
  button?.setAttribute("aria-expanded", String(open));
}

button?.addEventListener("click", () => show(!menu?.classList.contains("open")));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const focused = document.activeElement;
  for (const one of document.querySelectorAll("details.switch[open]")) {
    if (one.contains(focused)) one.querySelector("summary")?.focus();
    one.removeAttribute("open");
  }
  if (menu?.classList.contains("open") && menu.contains(focused)) button?.focus();
  show(false);
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  for (const one of document.querySelectorAll("details.switch[open]")) {
    if (!one.contains(event.target)) one.removeAttribute("open");
  }
  const pressed = event.target.closest("[data-copy], [data-copy-text]");
  if (pressed instanceof HTMLElement) {
    const place = pressed.dataset.copy && document.querySelector(pressed.dataset.copy);
    copy(place ? (place.textContent ?? "") : (pressed.dataset.copyText ?? ""));
  }
});

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

const sign = document.getElementById("live");
if (sign) {
  watchState((state) => {
    sign.classList.toggle("on", state === "live");
    sign.classList.toggle("off", state === "offline");
    const word = sign.querySelector(".live-word");
    if (word) word.textContent = state;
  });
}
