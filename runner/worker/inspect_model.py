"""Loads a model in a clean process of its own environment and says what it is.

``python inspect_model.py PATH`` prints one JSON object, ``python inspect_model.py PATH ANSWER`` writes it to a file.
With ``--wait`` the question is read from standard input as ``{"path": ..., "framework": ...}``, and with
``--preload SCRIPT`` what the script imports is imported before.
"""

import ast
import hashlib
import io
import json
import os
import re
import sys
import types
import zipfile

import categories
import flavours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

_KNOWN = ("sklearn", "numpy", "scipy", "pandas", "joblib", "xgboost", "lightgbm", "skops")
_DATA = ("pandas", "numpy", "polars", "pyarrow")  # whose classes hold values, though some have a `transform`
_BOOSTED = ("lightgbm", "xgboost")
_OF_SKLEARN = ("sklearn", "imblearn")  # whose classes can be told by what fit leaves on them; a user's own cannot
_NAMED = set()  # type: Set[str]  # modules that were asked for while the model was loaded


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
        if os.path.isdir(path):
            model, own = _of_folder(path, found)
        else:
            with open(path, "rb") as file:
                content = file.read()
            found["sha256"] = hashlib.sha256(content).hexdigest()
            model, own = _load(path, content), []
        found["modules"] = sorted({one.split(".")[0] for one in _NAMED} - set(own))
        _check(model)
        found.update(_describe(model))
        if found.get("default_method") not in found["methods"]:
            found["default_method"] = None
        found["example_input"] = _example(path)
    except Refusal as refusal:
        found["error"] = " ".join(str(refusal).split())
    return found


def _of_folder(path: str, found: "Dict[str, Any]") -> "Tuple[Any, List[str]]":
    """Return the model of a folder, as MLflow writes them, and the names of modules that are in it."""
    found["sha256"] = digest_of(path)
    facts = {}  # type: Dict[str, Dict[str, str]]
    if os.path.isfile(os.path.join(path, "MLmodel")):
        with open(os.path.join(path, "MLmodel"), encoding="utf-8") as file:
            facts = flavours.read_flavours(file.read())
    try:
        library, name = flavours.model_file(os.listdir(path), facts)
    except flavours.NoModelError as error:
        raise Refusal("{}; register it with model.framework=Custom".format(error))
    own = flavours.take_in_code(flavours.code_folder(path, facts))
    found["default_method"] = flavours.default_method(facts)
    with open(os.path.join(path, name), "rb") as model_file:
        content = model_file.read()
    if not library:
        return _load(os.path.join(path, name), content), own
    _NAMED.add(library)
    return _guarded(lambda: _noted(lambda: flavours.load(library, facts, content, path))), own


def _load(path: str, content: bytes) -> "Any":
    if not path.endswith(".skops"):
        return _guarded(lambda: _noted(lambda: _unpickle(content)))
    return _guarded(lambda: _of_skops(content))


def _of_skops(content: bytes) -> "Any":
    import skops.io

    _NAMED.update(_named_by_skops(content))
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))


def _guarded(load: "Callable[[], Any]") -> "Any":
    """Return what is loaded, or refuse it with the reason."""
    try:
        return load()
    except AttributeError as error:
        text = str(error)
        if "__main__" in text:
            named = re.search(r"attribute '([^']+)'", text)
            name = named.group(1) if named else "a class"
            raise Refusal(
                "{} is defined in the script itself, so no other process can load the model; "
                "put it into a package that the environment installs, environment.packages=[./FOLDER]".format(name)
            )
        raise Refusal("it cannot be loaded: {}".format(error))
    except ImportError as error:
        raise Refusal(
            "loading it needs {}, which the environment does not have; a module beside the script is not there when "
            "the model is used: give it a pyproject.toml and install it, environment.packages=[./FOLDER]".format(
                getattr(error, "name", None) or error
            )
        )
    except Exception as error:
        raise Refusal("it is not a model that can be loaded ({}: {})".format(type(error).__name__, error))


def _noted(load: "Callable[[], Any]") -> "Any":
    """Return what is unpickled, and note the modules that are named in it."""
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(_note)
    return load()


def _note(event: str, arguments: "Tuple[Any, ...]") -> None:
    """Note what a pickle names, whichever unpickler reads it (an audit hook, since Python 3.8)."""
    if event == "pickle.find_class":
        _NAMED.add(arguments[0])


def _named_by_skops(content: bytes) -> "Set[str]":
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = archive.read("schema.json").decode("utf-8")
    return set(re.findall(r'"__module__": "([^"]+)"', schema))


def _unpickle(content: bytes) -> "Any":
    try:
        import joblib
    except ImportError:
        import pickle

        return pickle.loads(content)
    return joblib.load(io.BytesIO(content))


def _check(model: "Any") -> None:
    what = _no_model(model)
    if what:
        raise Refusal("it holds {}, which is no model".format(what))
    if not _methods(model):
        raise Refusal("it holds a {}, which has none of {}".format(type(model).__name__, ", ".join(flavours.METHODS)))
    unfitted = _unfitted(model)
    if unfitted:
        raise Refusal("{} is not fitted: it can be saved once fit has been called".format(unfitted))
    for part in _parts(model, "xgboost") if "xgboost" in sys.modules else ():
        booster = part
        if hasattr(part, "get_booster"):  # a search has one that was never fitted, too
            booster = part.get_booster() if part.__sklearn_is_fitted__() else None
        try:
            if hasattr(booster, "save_raw"):
                categories.of_xgboost(booster)
        except categories.GarbledError as garbled:
            raise Refusal(str(garbled))


def _parts(model: "Any", library: str, deepest: int = 6) -> "Iterator[Any]":
    """Yield a model and what it is made of, as far as that is a library's."""
    if type(model).__module__.split(".")[0] == library:
        yield model
    elif deepest:
        inner = model if isinstance(model, (list, tuple)) else list(getattr(model, "__dict__", {}).values())
        for one in inner:
            for part in _parts(one, library, deepest - 1):
                yield part


def _methods(model: "Any") -> "List[str]":
    return [name for name in flavours.METHODS if callable(getattr(model, name, None))]


def _no_model(value: "Any") -> str:
    """Name what is no model whatever methods it has: a class, a function, a module, a table; nothing for others."""
    if isinstance(value, type):
        return "the class " + value.__name__
    if isinstance(value, types.ModuleType):
        return "the module " + value.__name__
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "the function " + value.__name__
    if _libraries(value).intersection(_DATA):
        return "a " + type(value).__name__
    return ""


def _libraries(value: "Any") -> "Set[str]":
    """Return the packages that a value's class and its bases are of."""
    return {one.__module__.split(".")[0] for one in type(value).__mro__}


def _unfitted(model: "Any") -> str:
    """Return the class of the first part of a model that was never fitted, nothing where all were."""
    parts = getattr(model, "steps", None) or getattr(model, "transformer_list", None)
    if isinstance(parts, list) and "sklearn" in _libraries(model):  # which old versions do not look into
        return next(filter(None, (_unfitted(one[1]) for one in parts)), "")
    if type(model).__module__.split(".")[0] in _OF_SKLEARN:
        return _unfitted_of_sklearn(model)
    try:
        return "" if _says_fitted(model) else type(model).__name__
    except Exception as error:
        sys.stderr.write("whether {} is fitted is not known: {}\n".format(type(model).__name__, error))
    return ""


def _says_fitted(model: "Any") -> bool:
    """Tell what a model of another library or the user's own says; one that says nothing counts as fitted."""
    if _libraries(model).intersection(_BOOSTED) and hasattr(model, "get_params"):
        return getattr(model, "_Booster", None) is not None  # in all versions of both
    for name in ("__sklearn_is_fitted__", "is_fitted"):  # scikit-learn's word for others, and CatBoost's
        told = getattr(model, name, None)
        if callable(told) and (name != "is_fitted" or "catboost" in _libraries(model)):
            return bool(told())
    return True


def _unfitted_of_sklearn(model: "Any") -> str:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not _needs_fit(model):
        return ""
    try:
        check_is_fitted(model)
    except NotFittedError:
        return type(model).__name__
    except Exception as error:
        sys.stderr.write("whether {} is fitted is not known: {}\n".format(type(model).__name__, error))
    return ""


def _needs_fit(model: "Any") -> bool:
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        return bool(model._get_tags().get("requires_fit", True)) if hasattr(model, "_get_tags") else True
    return bool(get_tags(model).requires_fit)


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
        "methods": _methods(model),
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
    for name in flavours.EXAMPLES:
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
    asked = [one for one in arguments if not one.startswith("--")]
    answer = open(asked[1], "wb") if len(asked) == 2 else os.fdopen(os.dup(1), "wb")  # noqa: SIM115 - until the end
    os.dup2(2, 1)
    if "--preload" in arguments:
        preload(arguments[arguments.index("--preload") + 1])
    if "--wait" in arguments:
        line = sys.stdin.readline()
        if not line.strip():
            return
        path = json.loads(line)["path"]
    else:
        path = asked[0]
    answer.write(json.dumps(inspect(path)).encode("ascii") + b"\n")
    answer.flush()
    os._exit(0)  # the answer is given: no need to wait for libraries to tidy up


if __name__ == "__main__":
    main(sys.argv[1:])
