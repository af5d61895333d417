/** The page of a version: its actions, the choices in the address, and updates. */
import { ask } from "./asking.js";
import { complain, get, post, refresh, toast } from "./dom.js";
import { follow } from "./follow.js";

/**
 * @typedef {import("./asking.js").Question} Question
 * @typedef {object} Page
 * @property {import("./follow.js").Kind[]} kinds what it is updated for
 * @property {string[]} parts what is updated, besides what the pages of all versions have
 * @property {{ alias: string, delete: string }} texts what these actions do
 * @property {string} alias an example
 * @property {() => void} [after] called when new parts are in place
 */

/** @param {Page} page */
export function startVersion(page) {
  const head = () => get("#head", HTMLElement).dataset;
  const { base = "", name = "", version = "" } = head();
  const parts = ["#head", "#about", "#lineage", "#aliases", "#compared", "#versions", ...page.parts];

  /** @type {Record<string, (value: string) => Question>} */
  const questions = {
    alias: () => ({ title: "Move an alias", text: `The alias will point to version ${version}. ${page.texts.alias}`, label: "Alias", value: page.alias, go: "Move" }),
    drop: (alias) => ({ title: `Drop ${alias}`, text: "The alias then points to no version. Its history stays.", go: "Drop", danger: true }),
    tag: () => ({ title: "Tag", text: "NAME=VALUE. A name alone removes the tag.", label: "Tag", go: "Tag" }),
    describe: () => ({ title: "Describe", text: "What it is, as Markdown. An empty text removes the description.", label: "Description", value: head().description, optional: true, lines: true, go: "Save" }),
    delete: () => ({ title: `Delete ${name}:${version}`, text: page.texts.delete, go: "Delete", danger: true }),
  };

  async function update() {
    await refresh(location.href, parts);
    page.after?.();
  }

  /** @param {HTMLElement} button */
  async function act(button) {
    const { ask: action = "", value = "", at = version } = button.dataset;
    const answer = questions[action] ? await ask(questions[action](value)) : "";
    if (answer === null) return;
    const { done } = await post(`${base}/${at}/${action}`, [["value", value || answer]]);
    toast(done);
    if (action === "delete") location.assign(base);
    else await update();
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-ask]") : null;
    if (button instanceof HTMLElement) act(button).catch(complain);
  });

  // The choices are in the address, so links, reloads and the back button show the same.
  document.addEventListener("change", (event) => {
    const select = event.target;
    if (!(select instanceof HTMLSelectElement) || !select.name) return;
    const address = new URL(location.href);
    if (select.value) address.searchParams.set(select.name, select.value);
    else address.searchParams.delete(select.name);
    history.pushState(null, "", address);
    update().catch(complain);
  });
  addEventListener("popstate", () => update().catch(complain));

  follow(page.kinds, parts, page.after);
}
