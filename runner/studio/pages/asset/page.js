/** A version of a data asset. */
import { startVersion } from "../../static/version.js";

startVersion({
  kinds: ["data", "models", "endpoints"],
  parts: [],
  alias: "golden",
  texts: {
    alias: "Runs that name it read this version from now on.",
    delete: "Its content is removed unless another version has the same. It is refused while an alias, a run, a model or an endpoint names the version.",
  },
});
