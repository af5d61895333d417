/** The nodes. A button contacts them, because that opens a connection to each. */
import { make, postPart } from "../../static/dom.js";

const base = location.pathname.replace(/\/$/, "");

/** @param {HTMLButtonElement} button */
async function look(button) {
  const place = button.closest(".cluster")?.querySelector(".answer");
  if (!(place instanceof HTMLElement)) return;
  /** @type {string[]} */
  const words = JSON.parse(button.dataset.words ?? "[]");
  button.disabled = true;
  place.textContent = "Connecting…";
  try {
    place.replaceChildren(...(await postPart(`${base}/look`, words.map((word) => ["word", word]))));
    button.textContent = "Ask again";
  } catch (error) {
    place.replaceChildren(make("p", { class: "problem" }, error instanceof Error ? error.message : String(error)));
  }
  button.disabled = false;
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-words]") : null;
  if (button instanceof HTMLButtonElement) look(button);
});
