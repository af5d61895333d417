"""Loads a model in a clean process of its own environment and says what it is.

``python inspect_model.py PATH`` prints one JSON object. With ``--wait`` the question is read from standard input as
``{"path": ..., "framework": ...}``, and with ``--preload SCRIPT`` what the script imports is imported before.
"""

import ast
import hashlib
import io
import json
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples")
_KNOWN = ("sklearn", "numpy", "scipy", "pandas", "joblib", "xgboost", "lightgbm", "skops")
_EXAMPLES = ("input_example.json", "example_input.json")


class Refusal(Exception):
    """Why a model cannot be registered."""


def preload(script: str) -> None:
    """Import the libraries a script names, at low priority; whatever fails here fails again, and is told, later."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    try:
        with open(script, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return
    names = {"joblib"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    for name in sorted(names):
        if name.split(".")[0] in _KNOWN:
            try:
                __import__(name)
            except Exception as error:
                sys.stderr.write("preload of {}: {}\n".format(name, error))


def digest_of(path: str) -> str:
    """Return the hash of a folder as the records define it: over lines of hash and relative path."""
    names = []
    for parent, folders, files in os.walk(path):
        folders[:] = [one for one in folders if not os.path.islink(os.path.join(parent, one))]
        for one in files:
            full = os.path.join(parent, one)
            if os.path.isfile(full) and not os.path.islink(full):
                names.append(os.path.relpath(full, path).replace(os.sep, "/"))
    lines = []
    for name in sorted(names):
        with open(os.path.join(path, name), "rb") as file:
            lines.append("{}  {}\n".format(hashlib.sha256(file.read()).hexdigest(), name))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def inspect(path: str) -> "Dict[str, Any]":
    """Return the inspection of a model; a refusal is in its ``error``."""
    found = {"path": os.path.basename(path), "sha256": ""}  # type: Dict[str, Any]
    try:
        name, content = _read(path, found)
        model = _load(name, content)
        _check(model)
        found.update(_describe(model))
        found["example_input"] = _example(path)
    except Refusal as refusal:
        found["error"] = " ".join(str(refusal).split())
    return found


def _read(path: str, found: "Dict[str, Any]") -> "Tuple[str, bytes]":
    """Return name and bytes of what will be loaded; for a folder those of its ``model.pkl`` (MLflow's form)."""
    if not os.path.isdir(path):
        with open(path, "rb") as file:
            content = file.read()
        found["sha256"] = hashlib.sha256(content).hexdigest()
        return path, content
    found["sha256"] = digest_of(path)
    for name in ("model.pkl", "model.joblib", "model.skops"):
        inner = os.path.join(path, name)
        if os.path.isfile(inner):
            with open(inner, "rb") as file:
                return inner, file.read()
    raise Refusal("the folder has no model.pkl, model.joblib or model.skops; register it with model.framework=Custom")


def _load(path: str, content: bytes) -> "Any":
    try:
        if path.endswith(".skops"):
            import skops.io

            return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
        return _unpickle(content)
    except AttributeError as error:
        text = str(error)
        if "__main__" in text:
            named = re.search(r"attribute '([^']+)'", text)
            name = named.group(1) if named else "a class"
            raise Refusal(
                "{} is defined in the script itself, so no other process can load the model; "
                "put it into a package that the environment installs".format(name)
            )
        raise Refusal("it cannot be loaded: {}".format(error))
    except ImportError as error:
        raise Refusal(
            "loading it needs {}, which the environment does not have; a module beside the script is not "
            "there when the model is used: install it as a package".format(getattr(error, "name", None) or error)
        )
    except Exception as error:
        raise Refusal("it is not a model that can be loaded ({}: {})".format(type(error).__name__, error))


def _unpickle(content: bytes) -> "Any":
    try:
        import joblib
    except ImportError:
        import pickle

        return pickle.loads(content)
    return joblib.load(io.BytesIO(content))


def _check(model: "Any") -> None:
    if isinstance(model, type) or not any(hasattr(model, name) for name in METHODS):
        raise Refusal(
            "it holds {}, which has none of {}".format(
                "the class " + model.__name__ if isinstance(model, type) else "a " + type(model).__name__,
                ", ".join(METHODS),
            )
        )


def _describe(model: "Any") -> "Dict[str, Any]":
    steps = getattr(model, "steps", None)
    names = getattr(model, "feature_names_in_", None)
    classes = getattr(model, "classes_", None)
    features = getattr(model, "n_features_in_", None)
    found = {
        "model_class": _class_name(model),
        "steps": [{"name": str(one[0]), "class": _class_name(one[1])} for one in steps] if steps else [],
        "feature_names": [str(name) for name in names] if names is not None else None,
        "features": int(features) if features is not None else None,
        "classes": _plain(classes),
        "methods": [name for name in METHODS if hasattr(model, name)],
    }
    if "sklearn" in sys.modules:
        found.update(framework="ScikitLearn", framework_version=sys.modules["sklearn"].__version__)
    return found


def _class_name(value: "Any") -> str:
    if isinstance(value, str):
        return value
    return "{}.{}".format(type(value).__module__, type(value).__qualname__)


def _plain(value: "Any") -> "Any":
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _example(path: str) -> "Any":
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    for name in _EXAMPLES:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                return json.loads(file.read().decode("utf-8"))
        except (OSError, ValueError):
            continue
    return None


def main(arguments: "List[str]") -> None:
    """Answer one question on the real standard output, which a model's own printing cannot reach."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [one for one in sys.path if one and os.path.abspath(one) != here]
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if "--preload" in arguments:
        preload(arguments[arguments.index("--preload") + 1])
    if "--wait" in arguments:
        line = sys.stdin.readline()
        if not line.strip():
            return
        path = json.loads(line)["path"]
    else:
        path = arguments[-1]
    answer.write(json.dumps(inspect(path)).encode("ascii") + b"\n")
    answer.flush()
    os._exit(0)  # the answer is given: no need to wait for libraries to tidy up


if __name__ == "__main__":
    main(sys.argv[1:])
