/** The nodes. A button contacts them, because that opens a connection to each. */
const token = document.querySelector('meta[name="token"]')?.getAttribute("content") ?? "";

/** @param {HTMLButtonElement} button */
async function look(button) {
  const place = button.closest(".cluster")?.querySelector(".answer");
  if (!(place instanceof HTMLElement)) return;
  /** @type {string[]} */
  const words = JSON.parse(button.dataset.words ?? "[]");
  button.disabled = true;
  place.textContent = "Connecting…";
  try {
    const body = new URLSearchParams(words.map((word) => ["word", word]));
    const response = await fetch(`${location.pathname.replace(/\/$/, "")}/look`, { method: "POST", headers: { Accept: "application/json", "X-Token": token }, body });
    const kind = response.headers.get("Content-Type") ?? "";
    if (!response.ok) throw new Error(kind.includes("json") ? (await response.json()).error : `The studio answered ${response.status}`);
    const loaded = new DOMParser().parseFromString(await response.text(), "text/html");
    place.replaceChildren(...loaded.body.childNodes);
    button.textContent = "Ask again";
  } catch (error) {
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "problem", textContent: error instanceof Error ? error.message : String(error) }));
  }
  button.disabled = false;
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-words]") : null;
  if (button instanceof HTMLButtonElement) look(button);
});
