/** Filters the packages of an environment. */

/** Add the handler of the field above the packages. */
export function startEnvironment() {
  const field = document.getElementById("package");
  field?.addEventListener("input", () => {
    const wanted = field instanceof HTMLInputElement ? field.value.trim().toLowerCase() : "";
    for (const one of document.querySelectorAll("#packages li")) {
      if (one instanceof HTMLElement) one.hidden = !(one.textContent ?? "").toLowerCase().includes(wanted);
    }
  });
}
