# ruff: noqa: E501 - HTML
"""The page that a browser sees at ``/``. It sends requests like any client, with the key that you type.

It uses the studio's colors. It is a single document, because the server has no other files.
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>vivero endpoint</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
:root { --back: #f6f7f9; --card: #fff; --line: #e1e5ea; --strong: #c6cdd6; --ink: #17202b; --quiet: #57636f; --accent: #08664c; --on: #fff; --bad: #9c3300; --focus: #0072b2; --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --back: #0f1419; --card: #161c23; --line: #28323d; --strong: #3c4956; --ink: #e6ebf0; --quiet: #9aa7b4; --accent: #56c9a3; --on: #06231a; --bad: #ff9e70; --focus: #66b8ee; } }
* { box-sizing: border-box; } html { font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); background: var(--back); }
body { max-width: 960px; margin: 0 auto; padding: 24px 16px; display: grid; gap: 12px; } p { margin: 0; }
h1 { font-size: 20px; margin: 0; } h2 { font-size: 16px; margin: 0; font-family: var(--mono); overflow-wrap: anywhere; } h3 { font-size: 13px; margin: 12px 0 4px; color: var(--quiet); }
section, #lock { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; min-width: 0; } [hidden] { display: none !important; }
#models { display: grid; gap: 12px; } .dim { color: var(--quiet); } a { color: var(--accent); }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 8px; margin: 12px 0 8px; }
label { display: grid; gap: 2px; font-size: 12px; color: var(--quiet); min-width: 0; } label span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
textarea, input, select { font: 14px/1.4 inherit; width: 100%; color: var(--ink); background: var(--card); padding: 5px 10px; min-height: 32px; border: 1px solid var(--strong); border-radius: 6px; }
textarea { font: 12px/1.5 var(--mono); resize: vertical; } textarea[aria-invalid] { border-color: var(--bad); }
pre { font: 12px/1.5 var(--mono); background: var(--back); padding: 12px; border-radius: 6px; overflow: auto; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
button { font: inherit; font-weight: 550; min-height: 32px; padding: 4px 14px; margin: 8px 0; border: 0; border-radius: 6px; background: var(--accent); color: var(--on); cursor: pointer; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
</style></head><body>
<main>
<h1>Models served here</h1>
<p id="state" class="dim" role="status">Asking the server&hellip;</p>
</main>
<p id="lock" hidden><label>This endpoint needs a key <input id="key" type="password" autocomplete="off"></label>
<button id="open">Use it</button></p>
<div id="models"></div>
<p class="dim"><a href="/openapi.json">OpenAPI</a> &middot; <a href="/metrics">metrics</a></p>
<script>
const WIDEST = 60; // columns that get a field each
const byId = id => document.getElementById(id);
const headers = () => byId("key").value ? {Authorization: "Bearer " + byId("key").value} : {};
function make(tag, text, into) { const e = document.createElement(tag); if (text) e.textContent = text; into.append(e); return e; }
function columnsOf(rows) {
  for (const one of rows.anyOf || [rows]) if (one.type == "array" && one.items && one.items.properties) return Object.entries(one.items.properties);
  return [];
}
function valueOf(input, column, before) {
  if (column.enum) return column.enum[Number(input.value)];
  const text = input.value.trim(), number = Number(text), kinds = [].concat(column.type || []);
  if (text === "") return null;
  return Number.isFinite(number) && (typeof before == "number" || !kinds.includes("string")) ? number : text;
}
function fields(box, columns, form, example) {
  const row = ((example || {}).data || [])[0], byName = !Array.isArray(row) && !columns.every(([name]) => /^\\d+$/.test(name));
  const place = make("div", "", box); place.className = "fields";
  const inputs = columns.map(([name, column], at) => {
    const label = make("label", "", place); make("span", name, label).title = column.description || name;
    const before = row ? (Array.isArray(row) ? row[at] : row[name]) : undefined;
    const input = make(column.enum ? "select" : "input", "", label);
    (column.enum || []).forEach((one, n) => { const o = make("option", one === null ? "missing" : String(one), input); o.value = n; o.selected = one === before; });
    if (!column.enum) { input.value = before ?? ""; input.autocomplete = "off"; }
    return [input, column, before];
  });
  place.oninput = () => {
    const values = inputs.map(([input, column, before]) => valueOf(input, column, before));
    let body = {}; try { body = JSON.parse(form.value); } catch { body = {}; }
    form.value = JSON.stringify({...body, data: [byName ? Object.fromEntries(columns.map(([name], at) => [name, values[at]])) : values]});
    form.removeAttribute("aria-invalid");
  };
}
function part(path, action) {
  const content = action.requestBody.content["application/json"], example = content.example;
  const box = make("section", "", byId("models"));
  make("h2", path, box); make("p", action.summary, box).className = "dim";
  const columns = columnsOf((content.schema.properties || {}).data || {});
  const label = make("label", "Request", document.createDocumentFragment());
  const form = make("textarea", "", label); form.rows = 4; form.spellcheck = false; form.value = example ? JSON.stringify(example) : "";
  if (columns.length && columns.length <= WIDEST) fields(box, columns, form, example);
  else if (columns.length) make("p", columns.length + " columns: " + columns.slice(0, 40).map(([name]) => name).join(", ") + ", \u2026", box).className = "dim";
  box.append(label);
  form.oninput = () => { try { JSON.parse(form.value); form.removeAttribute("aria-invalid"); } catch { form.setAttribute("aria-invalid", "true"); } };
  const send = make("button", "Send", box); const out = make("pre", "", box); out.hidden = true; out.setAttribute("aria-live", "polite");
  send.onclick = async () => {
    const begun = performance.now();
    let answer, text;
    try {
      answer = await fetch(path, {method: "POST", body: form.value, headers: {...headers(), "Content-Type": "application/json"}});
      text = await answer.text();
    } catch { out.hidden = false; out.textContent = "The server does not answer"; return; }
    out.hidden = false;
    out.textContent = answer.status + "  " + (performance.now() - begun).toFixed(1) + " ms  " +
      (answer.headers.get("x-model-version") || "") + "\\n" + text;
  };
}
async function show() {
  byId("models").replaceChildren();
  let answer;
  try { answer = await fetch("/openapi.json", {headers: headers()}); } catch { byId("state").textContent = "The server does not answer"; return; }
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
