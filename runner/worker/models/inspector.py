"""Loads a model in a clean process of its environment and describes it.

The program ``models.inspector PATH`` prints one JSON object, and ``models.inspector PATH ANSWER`` writes it to a file.
With ``--wait``, the request is read from standard input as ``{"path": ..., "framework": ...}``. With
``--preload SCRIPT``, the libraries that the script imports are imported first.
"""

import json
import os
import sys

from .checks import check, methods
from .flavours import EXAMPLES, SIGNATURE
from .loading import Refusal, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional

_LARGEST_DIAGRAM = 2 << 20  # characters
_LARGEST_FILE = 16 << 20  # bytes of a file that describes a model
_KNOWN = ("sklearn", "numpy", "scipy", "pandas", "joblib", "xgboost", "lightgbm", "skops")


def preload(script: str) -> None:
    """Import the libraries that a script imports, at low priority. Errors are ignored, because they recur later."""
    from ..script_imports import imports_of  # not beside the modules that are sent to a node to inspect one model

    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    for name in ["joblib", *imports_of(script, in_functions=True)]:
        if name.split(".")[0] in _KNOWN:
            try:
                __import__(name)
            except Exception as error:
                sys.stderr.write("preload of {}: {}\n".format(name, error))


def inspect(path: str) -> "Dict[str, Any]":
    """Return the description of a model. If it cannot be registered, ``error`` says why."""
    report = {"path": os.path.basename(path), "sha256": ""}  # type: Dict[str, Any]
    try:
        model = load(path, report)
        check(model)
        report.update(_describe(model))
        if report.get("default_method") not in report["methods"]:
            report["default_method"] = None
        report["example_input"] = _beside(path, EXAMPLES)
        report["signature"] = _beside(path, [SIGNATURE])
        report["diagram"] = _diagram(model)
    except Refusal as refusal:
        report["error"] = " ".join(str(refusal).split())
    return report


def _describe(model: "Any") -> "Dict[str, Any]":
    steps = getattr(model, "steps", None)
    names = getattr(model, "feature_names_in_", None)
    classes = getattr(model, "classes_", None)
    features = getattr(model, "n_features_in_", None)
    report = {
        "model_class": _class_name(model),
        "steps": [{"name": str(step[0]), "class": _class_name(step[1])} for step in steps] if steps else [],
        "feature_names": [str(name) for name in names] if names is not None else None,
        "features": int(features) if features is not None else None,
        "classes": _plain(classes),
        "methods": methods(model),
    }
    if "sklearn" in sys.modules:
        report.update(framework="ScikitLearn", framework_version=sys.modules["sklearn"].__version__)
    return report


def _diagram(model: "Any") -> "Optional[str]":
    """Return scikit-learn's own drawing of a model as HTML, None where the library draws none."""
    draw = getattr(sys.modules.get("sklearn.utils"), "estimator_html_repr", None)
    if draw is None or not hasattr(model, "get_params"):
        return None
    try:
        drawn = draw(model)
    except Exception as error:  # the model can still be used
        sys.stderr.write("diagram: {}\n".format(error))
        return None
    return drawn if isinstance(drawn, str) and len(drawn) <= _LARGEST_DIAGRAM else None


def _class_name(value: "Any") -> str:
    if isinstance(value, str):
        return value
    return "{}.{}".format(type(value).__module__, type(value).__qualname__)


def _plain(value: "Any") -> "Any":
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _beside(path: str, names: "Iterable[str]") -> "Any":
    """Return the content of the first of these JSON files in a model's folder, None if there is none."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    for name in names:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read(_LARGEST_FILE + 1)
            return json.loads(content.decode("utf-8")) if len(content) <= _LARGEST_FILE else None
        except (OSError, ValueError):
            continue
    return None


def main(arguments: "List[str]") -> None:
    """Answer one request on the real standard output, which the model's own output cannot reach."""
    paths = [argument for argument in arguments if not argument.startswith("--")]
    answer = open(paths[1], "wb") if len(paths) == 2 else os.fdopen(os.dup(1), "wb")  # noqa: SIM115 - open until the end
    os.dup2(2, 1)
    if "--preload" in arguments:
        preload(arguments[arguments.index("--preload") + 1])
    if "--wait" in arguments:
        line = sys.stdin.readline()
        if not line.strip():
            return
        path = json.loads(line)["path"]
    else:
        path = paths[0]
    answer.write(json.dumps(inspect(path)).encode("ascii") + b"\n")
    answer.flush()
    os._exit(0)  # the answer is complete; do not wait for the clean-up of libraries
