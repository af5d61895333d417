/** One pipeline, kept up to date while it runs. */
import { ask } from "../../static/asking.js";
import { complain, get, post, toast } from "../../static/dom.js";
import { follow } from "../../static/follow.js";

const base = get("#head", HTMLElement).dataset.base ?? "";

async function cancel() {
  const text = "Its running steps are ended, and no other begins. What its steps have written is kept.";
  if ((await ask({ title: "Cancel the pipeline?", text, go: "Cancel the pipeline", stay: "Keep it running", danger: true })) === null) return;
  const { done } = await post(`${base}/cancel`, []);
  toast(done);
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("#cancel")) cancel().catch(complain);
});

follow(["runs"], ["#head", "#failure", "#graph", "#facts", "#metrics"]);
