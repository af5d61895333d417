/** A version of a model, and the chart of a metric over the versions. */
import { draw } from "../../static/chart.js";
import { complain } from "../../static/dom.js";
import { startVersion } from "../../static/version.js";

function drawMetric() {
  const place = document.getElementById("chart");
  if (!place) return;
  /** @type {[number, number][]} */
  const values = JSON.parse(place.dataset.values ?? "[]");
  const shown = Number(place.dataset.shown);
  const chosen = values.filter(([number]) => number === shown);
  const line = { x: values.map(([x]) => x), y: values.map(([, y]) => y), mode: "lines+markers", name: place.dataset.name, hovertemplate: "version %{x}<br>%{y}<extra></extra>" };
  const mark = {
    x: chosen.map(([x]) => x), y: chosen.map(([, y]) => y), mode: "markers", hoverinfo: "skip",
    marker: { size: 13, symbol: "circle-open", line: { width: 2 }, color: "#d55e00" }, name: "this version",
  };
  const step = Math.max(1, Math.ceil(values.length / 12));
  draw(place, [line, mark], {
    showlegend: false, xaxis: { title: { text: "version" }, dtick: step, tick0: 1 }, yaxis: { title: { text: place.dataset.name } },
    margin: { l: 56, r: 12, t: 8, b: 44 },
  }).catch(complain);
}

startVersion({
  kinds: ["models", "endpoints"],
  parts: ["#over"],
  alias: "champion",
  texts: {
    alias: "Endpoints that follow it switch to this version.",
    delete: "The model's files are removed and cannot be brought back. It is refused while an alias or an endpoint needs the version.",
  },
  after: drawMetric,
});
drawMetric();
