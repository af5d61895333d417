/** A data asset: its actions, and the version to compare with. */
import { ask } from "../../static/asking.js";
import { get, post, refresh, toast } from "../../static/dom.js";
import { follow } from "../../static/follow.js";

/** @typedef {import("../../static/asking.js").Question} Question */

const PARTS = ["#head", "#about", "#lineage", "#aliases", "#compared", "#versions"];
const head = get("#head", HTMLElement);
const name = head.dataset.name ?? "";
const version = head.dataset.version ?? "";

/** @type {Record<string, (value: string) => Question>} */
const QUESTIONS = {
  alias: () => ({
    title: "Move an alias",
    text: `The alias will point to version ${version}. Runs that name it read this version from now on.`,
    label: "Alias", value: "golden", go: "Move",
  }),
  drop: (alias) => ({ title: `Drop ${alias}`, text: "The alias then points to no version. Its history stays.", go: "Drop", danger: true }),
  tag: () => ({ title: "Tag", text: "NAME=VALUE. A name alone removes the tag.", label: "Tag", go: "Tag" }),
  delete: () => ({
    title: `Delete ${name}:${version}`,
    text: "Its content is removed unless another version has the same. It is refused while an alias, a run, a model or an endpoint names the version.",
    go: "Delete", danger: true,
  }),
};

/** @param {HTMLElement} button */
async function act(button) {
  const action = button.dataset.ask ?? "";
  const value = button.dataset.value ?? "";
  const at = button.dataset.at ?? version;
  try {
    const answer = action === "describe" ? await describe() : QUESTIONS[action] ? await ask(QUESTIONS[action](value)) : "";
    if (answer === null) return;
    const { done } = await post(`${base()}/${at}/${action}`, [["value", answer || value]]);
    toast(done);
    if (action === "delete") location.assign(base());
    else await refresh(location.href, PARTS);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
  }
}

/** Ask for the description, which may become empty. */
function describe() {
  const current = get("#head", HTMLElement).dataset.description ?? "";
  const answer = ask({ title: "Describe", text: "What the data is. An empty text removes the description.", label: "Description", value: current, go: "Save" });
  get("#ask-value", HTMLInputElement).required = false;
  return answer;
}

/** Return the asset's address without a version. */
function base() {
  const parts = location.pathname.split("/");
  return parts.slice(0, parts.indexOf("asset") + 2).join("/");
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-ask]") : null;
  if (button instanceof HTMLElement) act(button);
});

// The choice is in the address, so links, reloads and the back button show the same.
document.addEventListener("change", (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || select.name !== "with") return;
  const address = new URL(location.href);
  if (select.value) address.searchParams.set("with", select.value);
  else address.searchParams.delete("with");
  history.pushState(null, "", address);
  refresh(location.href, PARTS).catch((error) => toast(error.message, true));
});
addEventListener("popstate", () => refresh(location.href, PARTS).catch((error) => toast(error.message, true)));

follow(["data", "models", "endpoints"], PARTS);
