/** Snippets to copy that send the same request. */

/**
 * @param {string} address
 * @param {string} body JSON
 * @param {boolean} needsKey
 */
export function curl(address, body, needsKey) {
  const key = needsKey ? ` \\\n  -H "Authorization: Bearer $KEY"` : "";
  return `curl -H 'Content-Type: application/json'${key} \\\n  -d ${quoted(body)} \\\n  ${quoted(address)}`;
}

/**
 * @param {string} address
 * @param {string} body JSON
 * @param {boolean} needsKey
 */
export function python(address, body, needsKey) {
  const key = needsKey ? `,\n    headers={"Authorization": f"Bearer {key}"}` : "";
  return `import requests\n\nanswer = requests.post(\n    ${JSON.stringify(address)},\n    json=${literal(JSON.parse(body))}${key},\n)\nprint(answer.json())`;
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {any} value a value from JSON
 * @returns {string} the Python literal
 */
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`).join(", ")}}`;
  return JSON.stringify(value);
}
