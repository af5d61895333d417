"""Loads a model according to its file format, and records the modules that it needs."""

import hashlib
import io
import os
import re
import sys
import zipfile

from ..files import hash_path
from . import flavours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Set, Tuple

_NAMED = set()  # type: Set[str]  # modules that were requested while the model was loaded


class Refusal(Exception):
    """The model cannot be registered. The message says why."""


def load(path: str, report: "Dict[str, Any]") -> "Any":
    """Return the model at a path, and add its hash, its modules and its folder's metadata to `report`."""
    if os.path.isdir(path):
        model, own_modules = _of_folder(path, report)
    else:
        with open(path, "rb") as file:
            content = file.read()
        report["sha256"] = hashlib.sha256(content).hexdigest()
        model, own_modules = _load(path, content), []
    report["modules"] = sorted({module.split(".")[0] for module in _NAMED} - set(own_modules))
    return model


def _of_folder(path: str, report: "Dict[str, Any]") -> "Tuple[Any, List[str]]":
    """Return the model in a folder written by MLflow, and the names of the modules in the folder."""
    report["sha256"] = hash_path(path)
    facts = {}  # type: Dict[str, Dict[str, str]]
    if os.path.isfile(os.path.join(path, "MLmodel")):
        with open(os.path.join(path, "MLmodel"), encoding="utf-8") as file:
            facts = flavours.read_flavours(file.read())
    try:
        library, name = flavours.model_file(os.listdir(path), facts)
        code = flavours.code_folder(path, facts)
    except flavours.NoModelError as error:
        raise Refusal("{}; register it with model.framework=Custom".format(error))
    own = flavours.make_importable(code)
    report["default_method"] = flavours.default_method(facts)
    with open(os.path.join(path, name), "rb") as model_file:
        content = model_file.read()
    if not library:
        return _load(os.path.join(path, name), content), own
    _NAMED.add(library)
    return _guarded(lambda: _record_modules(lambda: flavours.load(library, facts, content, path))), own


def _load(path: str, content: bytes) -> "Any":
    if not path.endswith(".skops"):
        return _guarded(lambda: _record_modules(lambda: _unpickle(content)))
    return _guarded(lambda: _of_skops(content))


def _of_skops(content: bytes) -> "Any":
    import skops.io

    _NAMED.update(_named_by_skops(content))
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))


def _guarded(load: "Callable[[], Any]") -> "Any":
    """Return what `load` returns, or turn its error into a `Refusal`."""
    try:
        return load()
    except AttributeError as error:
        text = str(error)
        if "__main__" in text:
            named = re.search(r"attribute '([^']+)'", text)
            name = named.group(1) if named else "a class"
            raise Refusal(
                "{} is defined in the script itself, so no other process can load the model; "
                "move it to a package that the environment installs, environment.packages=[./FOLDER]".format(name)
            )
        raise Refusal("it cannot be loaded: {}".format(error))
    except ImportError as error:
        raise Refusal(
            "loading it needs {}, which is not in the environment; a module beside the script is not available when "
            "the model is used. Give it a pyproject.toml and install it: environment.packages=[./FOLDER]".format(
                getattr(error, "name", None) or error
            )
        )
    except Exception as error:
        raise Refusal("it is not a model that can be loaded ({}: {})".format(type(error).__name__, error))


def _record_modules(load: "Callable[[], Any]") -> "Any":
    """Unpickle and record the modules that the pickle names."""
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(_note)
    return load()


def _note(event: str, arguments: "Tuple[Any, ...]") -> None:
    """Record what a pickle names, for any unpickler (an audit hook, Python 3.8 and later)."""
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
