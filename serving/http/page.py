# ruff: noqa: E501 - HTML
"""The page a browser sees at ``/``. It asks the server like any client, with the key typed into it."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>vivero endpoint</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1d2b24; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
textarea, input { font: 14px/1.4 ui-monospace, monospace; width: 100%; box-sizing: border-box; padding: .5rem; border: 1px solid #9ab; border-radius: 4px; }
pre { background: #f0f4f1; padding: .7rem; border-radius: 4px; overflow: auto; white-space: pre-wrap; }
button { font: inherit; padding: .3rem 1rem; margin: .5rem 0; cursor: pointer; } .dim { color: #5a6b62; }
td { padding: .1rem 1.5rem .1rem 0; vertical-align: top; } td:first-child { font-family: ui-monospace, monospace; }
</style></head><body>
<h1>Models served here</h1>
<p id="state" class="dim">Asking the server&hellip;</p>
<p id="lock" hidden><label>This endpoint needs a key: <input id="key" type="password" autocomplete="off"></label>
<button id="open">Use it</button></p>
<div id="models"></div>
<p class="dim"><a href="/openapi.json">OpenAPI</a> &middot; <a href="/metrics">metrics</a></p>
<script>
const byId = id => document.getElementById(id);
const headers = () => byId("key").value ? {Authorization: "Bearer " + byId("key").value} : {};
function table(into, columns) {
  for (const [name, column] of Object.entries(columns)) {
    const row = into.insertRow();
    row.insertCell().textContent = name;
    const known = column.enum ? ": " + column.enum.slice(0, 8).join(", ") + (column.enum.length > 8 ? ", \u2026" : "") : "";
    row.insertCell().textContent = (column.description || "") + known;
  }
}
function part(path, action) {
  const example = action.requestBody.content["application/json"].example;
  const box = document.createElement("section");
  const add = (tag, text) => { const e = document.createElement(tag); if (text) e.textContent = text; box.append(e); return e; };
  add("h2", path); add("p", action.summary).className = "dim";
  const row = action.requestBody.content["application/json"].schema.properties;
  const rows = row.data || row.instances || {};
  const items = (rows.anyOf || [rows])[0].items || {};
  if (items.description) add("p", "columns: " + items.description);
  if (items.properties) table(add("table"), items.properties);
  const form = add("textarea"); form.rows = 4; form.value = example ? JSON.stringify(example) : "";
  const send = add("button", "Send"); const out = add("pre"); out.hidden = true;
  send.onclick = async () => {
    const begun = performance.now();
    const answer = await fetch(path, {method: "POST", body: form.value, headers: {...headers(), "Content-Type": "application/json"}});
    const text = await answer.text();
    out.hidden = false;
    out.textContent = answer.status + "  " + (performance.now() - begun).toFixed(1) + " ms  " +
      (answer.headers.get("x-model-version") || "") + "\\n" + text;
  };
  byId("models").append(box);
}
async function show() {
  byId("models").replaceChildren();
  const answer = await fetch("/openapi.json", {headers: headers()});
  byId("lock").hidden = answer.status != 401;
  if (!answer.ok) { byId("state").textContent = answer.status == 401 ? "" : "The server answers " + answer.status; return; }
  const found = await answer.json();
  byId("state").textContent = found.info.version;
  const all = Object.entries(found.paths).filter(([path]) => path.startsWith("/score"));
  const named = all.filter(([path]) => path != "/score");
  for (const [path, actions] of named.length > 1 ? named : all.slice(0, 1)) part(path, actions.post);
}
byId("open").onclick = show; show();
</script></body></html>
"""
