/** Processor and memory over time, as the worker samples them. */
import { get, read } from "../../static/dom.js";
import { draw, PALETTE } from "../../static/chart.js";
import { localTime } from "./times.js";

/**
 * Show the charts, if there are samples.
 * @param {string} base the run's address
 * @returns {() => Promise<void>} a function that draws them again
 */
export function startResources(base) {
  const update = async () => {
    const { cpu, memory } = await read(`${base}/resources`);
    if (cpu.x.length < 2) return;
    get("#resources", HTMLElement).hidden = false;
    /**
     * @param {string[]} x
     * @param {number[]} y
     * @param {string} unit
     */
    const area = (x, y, unit) => ({ type: "scatter", mode: "lines", fill: "tozeroy", fillcolor: "rgba(0,114,178,.18)", x: x.map((one) => localTime(Date.parse(one))), y, line: { width: 1.5, color: PALETTE[0] }, hovertemplate: `%{y:.3s}${unit}<br>%{x}<extra></extra>` });
    const shape = { margin: { l: 52, r: 12, t: 28, b: 32 }, showlegend: false };
    await draw(get("#cpu", HTMLElement), [area(cpu.x, cpu.y, " cores")], { ...shape, title: { text: "Cores", font: { size: 13 }, x: 0.01 }, yaxis: { rangemode: "tozero" } });
    await draw(get("#memory", HTMLElement), [area(memory.x, memory.y, "B")], { ...shape, title: { text: "Memory", font: { size: 13 }, x: 0.01 }, yaxis: { rangemode: "tozero", tickformat: "~s", ticksuffix: "B" } });
  };
  update().catch(() => undefined);
  return update;
}
