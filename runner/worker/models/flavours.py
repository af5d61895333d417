"""Reads MLflow's model folders: the model's file, the library that loads it, and the method to call.

``MLmodel`` lists flavours, each with its settings (MLflow 2 and 3). The inspector uses this module in the environment
of the run, and the server uses it too. For a model in a single file only `METHODS` applies: the methods that a client
may choose.
"""

import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple

    Flavours = Dict[str, Dict[str, str]]

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples")
PICKLED = ("model.pkl", "model.joblib", "model.skops")  # MLflow's names and vivero's
EXAMPLES = ("input_example.json", "example_input.json")  # next to a model, or in its folder
SIGNATURE = "signature.json"  # the columns it was trained on, as a declared training describes them
_LIBRARIES = ("lightgbm", "xgboost", "catboost")
_LINE = re.compile(r"^( *)([A-Za-z_][\w.]*):\s*(.*)$")


class NoModelError(Exception):
    """The folder does not contain a model that can be loaded. The message says why."""


class Pyfunc:
    """An MLflow pyfunc model, which only has `predict`.

    Parameters
    ----------
    model : mlflow.pyfunc.PyFuncModel
        The loaded model.
    """

    def __init__(self, model: "Any") -> None:
        self._model = model
        schema = model.metadata.get_input_schema()
        if schema is not None and schema.has_input_names():
            self.feature_names_in_ = list(schema.input_names())
        hinted = getattr(model.metadata, "_is_signature_from_type_hint", None)  # since MLflow 2.20
        # The type of its rows. For a `predict` annotated with list[...], MLflow accepts only a list: "texts" for
        # list[str], "values" for list[int] and other scalars, "list" for list[list[float]] and so on. Otherwise "any".
        self.rows = "any"
        if hinted is not None and hinted():
            types = [str(kind) for kind in schema.input_types()] if schema is not None else []
            plain = bool(types) and types[0].startswith("DataType.")
            self.rows = "texts" if types == ["DataType.string"] else "values" if plain else "list"
        self._wants_frame = _wants_frame(model)

    def predict(self, rows: "Any") -> "Any":
        """Return the model's predictions for a data frame, matrix or list."""
        if self._wants_frame and not hasattr(rows, "columns"):
            import pandas

            rows = pandas.DataFrame(rows)  # as MLflow does with a dataframe_split without columns
        return self._model.predict(rows)


def _wants_frame(model: "Any") -> bool:
    """Return whether the annotations of a model's `predict` require a pandas data frame."""
    inner = getattr(getattr(model, "_model_impl", None), "python_model", None)  # as in MLflow's `unwrap_python_model`
    hint = getattr(getattr(inner, "predict_type_hints", None), "input", None)
    return getattr(hint, "__name__", "") == "DataFrame" and hint.__module__.partition(".")[0] == "pandas"


def read_flavours(text: str) -> "Flavours":
    """Return the flavours of an ``MLmodel`` with their plain text settings."""
    flavours = {}  # type: Flavours
    inside, facts = False, {}  # type: bool, Dict[str, str]
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        depth, key, value = len(match.group(1)), match.group(2), match.group(3).strip().strip("'\"")
        if depth == 0:
            inside = key == "flavors"
        elif inside and depth == 2:
            facts = flavours.setdefault(key, {})
        elif inside and depth == 4 and value not in ("", "null"):
            facts[key] = value
    return flavours


def model_file(names: "Iterable[str]", flavours: "Flavours") -> "Tuple[str, str]":
    """Return the library that loads a folder's model (empty for a pickle) and the file.

    Raises
    ------
    NoModelError
        If no flavour is supported.
    """
    present = set(names)
    for name in PICKLED:
        if name in present:
            return "", name
    for library in _LIBRARIES:
        data = flavours.get(library, {}).get("data", "")
        if data in present:
            return library, data
    python_model = flavours.get("python_function", {}).get("python_model", "")
    if python_model in present:
        return "mlflow", python_model
    if flavours:
        known = "sklearn, {}, pyfunc".format(", ".join(_LIBRARIES))
        raise NoModelError("its flavours are {}; supported are {}".format(", ".join(sorted(flavours)), known))
    raise NoModelError("the folder has no {} or {}".format(", ".join(PICKLED[:-1]), PICKLED[-1]))


def load(library: str, flavours: "Flavours", content: bytes, folder: str) -> "Any":
    """Load a model with the library of its flavour."""
    if library == "lightgbm":
        import lightgbm

        return lightgbm.Booster(model_str=content.decode("utf-8"))
    if library == "xgboost":
        import xgboost

        model = getattr(xgboost, flavours["xgboost"].get("model_class", "Booster").rpartition(".")[2])()
        model.load_model(bytearray(content))
        return model
    if library == "catboost":
        import catboost

        return getattr(catboost, flavours["catboost"].get("model_type", "CatBoost"))().load_model(blob=content)
    import mlflow.pyfunc

    return Pyfunc(mlflow.pyfunc.load_model(folder))


def default_method(flavours: "Flavours") -> "Optional[str]":
    """Return the method that MLflow's ``predict`` calls, if the model names one."""
    return flavours.get("python_function", {}).get("predict_fn")


def code_folder(folder: str, flavours: "Flavours") -> "Optional[str]":
    """Return the folder of modules that was logged with a model (``code_paths``), or None.

    Raises
    ------
    NoModelError
        If it is not in the model's folder.
    """
    for facts in flavours.values():
        if facts.get("code"):
            code = os.path.normpath(os.path.join(folder, facts["code"]))
            if not (code + os.sep).startswith(os.path.normpath(folder) + os.sep):
                raise NoModelError("its code folder {} is not in the model's folder".format(facts["code"]))
            return code
    return None


def make_importable(folder: "Optional[str]") -> "List[str]":
    """Make the modules in a folder importable, and return their names."""
    if folder is None or not os.path.isdir(folder):
        return []
    if folder not in sys.path:
        sys.path.append(folder)
    return [os.path.splitext(name)[0] for name in os.listdir(folder)]
