/** The charts and tables of a run beside its model card. */
import { complain, get, read } from "../../static/dom.js";
import { drawCharts } from "./charts.js";
import { showTables } from "./logged.js";

/**
 * @param {string} base the run's address
 * @returns {() => Promise<void>} a function that draws everything again
 */
export function startEvaluation(base) {
  async function update() {
    const logged = await read(`${base}/logged`);
    await drawCharts(get("#charts", HTMLElement), logged.charts);
    showTables(get("#tables", HTMLElement), logged.tables);
  }

  update().catch(complain);
  return update;
}
