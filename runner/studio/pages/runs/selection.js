/** The selection of runs, also with the Shift key and the arrow keys, and the actions on it. */
import { ask } from "../../static/asking.js";
import { complain, copy, get, post, toast } from "../../static/dom.js";
import { startArrows } from "./arrows.js";

/** @type {Record<string, import("../../static/asking.js").Question>} */
const QUESTIONS = {
  tag: { title: "Tag", text: "NAME=VALUE. A name alone removes the tag.", label: "Tag", go: "Tag" },
  note: { title: "Note", text: "An empty note removes it.", label: "Note", go: "Save", optional: true, lines: true },
  rename: { title: "Rename", text: "The name that lists show. The id stays.", label: "Name", go: "Rename" },
  cancel: { title: "Cancel", text: "Their processes are ended. What they have written is kept.", go: "Cancel the runs", stay: "Keep them running", danger: true },
  delete: { title: "Delete", text: "Their outputs, logs and records are removed and cannot be brought back. Registered models stay.", go: "Delete", danger: true },
};
/** @type {Record<string, string>} */
const DONE = { tag: "Tagged", note: "Noted", rename: "Renamed", archive: "Archived", restore: "Restored", cancel: "Canceled", delete: "Deleted" };

/** @returns {HTMLInputElement[]} */
function boxes() {
  return /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name="run"]')]);
}

/** @returns {string[]} */
function chosen() {
  return boxes().filter((one) => one.checked).map((one) => one.value);
}

/** @param {number} many */
function runs(many) {
  return many === 1 ? "1 run" : `${many} runs`;
}

/** Show the action bar, and how many runs are selected. */
export function showSelection() {
  const ids = chosen();
  get("#selection", HTMLElement).hidden = !ids.length;
  get("#chosen", HTMLElement).textContent = `${runs(ids.length)} chosen`;
  const all = document.getElementById("all");
  if (all instanceof HTMLInputElement) {
    all.checked = ids.length > 0 && ids.length === boxes().length;
    all.indeterminate = ids.length > 0 && !all.checked;
  }
  const compare = document.getElementById("compare");
  if (compare instanceof HTMLAnchorElement) {
    compare.search = new URLSearchParams(ids.map((id) => ["run", id])).toString();
  }
}

/**
 * Add the handlers of the checkboxes and the action bar.
 * @param {() => Promise<void>} update
 */
export function startSelection(update) {
  /** @type {string | null} */
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
    if (box.id === "all") for (const one of boxes()) one.checked = box.checked;
    else if (box.name === "run") {
      const every = boxes();
      const from = every.findIndex((one) => one.value === last);
      const to = every.indexOf(box);
      if (event.shiftKey && from >= 0) {
        for (const one of every.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = box.checked;
      }
      last = box.value;
    }
    showSelection();
  });
  startArrows(boxes, showSelection);
  get("#clear", HTMLButtonElement).addEventListener("click", () => {
    for (const one of boxes()) one.checked = false;
    showSelection();
  });
  const rerun = get("#rerun", HTMLButtonElement);
  rerun.addEventListener("click", () => {
    copy(chosen().map((id) => `${rerun.dataset.command} ${id}`).join("\n"));
  });
  for (const button of document.querySelectorAll("[data-action]")) {
    button.addEventListener("click", async () => {
      const action = button.getAttribute("data-action") ?? "";
      const ids = chosen();
      const question = QUESTIONS[action];
      const value = question ? await ask({ ...question, title: `${question.title} ${runs(ids.length)}` }) : "";
      if (value === null) return;
      try {
        const answer = await post("runs/act", [["action", action], ["value", value], ...ids.map((id) => /** @type {[string, string]} */ (["run", id]))]);
        if (answer.done) toast(`${DONE[action]}: ${runs(answer.done)}`);
        if (answer.problems.length) toast(answer.problems.join("\n"), true);
        await update();
      } catch (error) {
        complain(error);
      }
    });
  }
  showSelection();
}
