import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text from records is never markup: use textContent." },
        { property: "outerHTML", message: "Text from records is never markup: use textContent." },
        { property: "insertAdjacentHTML", message: "Text from records is never markup: use append." },
      ],
    },
  },
];
