"""Checks that a loaded object is a model that can be served: it has a method and is fitted."""

import sys
import types

from . import categories
from .flavours import METHODS
from .loading import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, List, Set

_DATA = ("pandas", "numpy", "polars", "pyarrow")  # their classes hold data, although some have a `transform`
_BOOSTED = ("lightgbm", "xgboost")
_OF_SKLEARN = ("sklearn", "imblearn")  # `check_is_fitted` is reliable for their classes, but not for a user's


def check(model: "Any") -> None:
    """Check that an object is a fitted model with a method that can be served.

    Raises
    ------
    Refusal
        With the reason.
    """
    what = _no_model(model)
    if what:
        raise Refusal("it contains {}, which is not a model".format(what))
    if not methods(model):
        raise Refusal(
            "it contains a {}, which has none of the methods {}".format(type(model).__name__, ", ".join(METHODS))
        )
    unfitted = _unfitted(model)
    if unfitted:
        raise Refusal("{} is not fitted; call fit before you save it".format(unfitted))
    for part in _parts(model, "xgboost") if "xgboost" in sys.modules else ():
        booster = part
        if hasattr(part, "get_booster"):  # a search also contains an unfitted one
            booster = part.get_booster() if part.__sklearn_is_fitted__() else None
        try:
            if hasattr(booster, "save_raw"):
                categories.of_xgboost(booster)
        except categories.DamagedCategoriesError as garbled:
            raise Refusal(str(garbled))


def _parts(model: "Any", library: str, deepest: int = 6) -> "Iterator[Any]":
    """Yield the model and its parts that belong to a library."""
    if type(model).__module__.split(".")[0] == library:
        yield model
    elif deepest:
        inner = model if isinstance(model, (list, tuple)) else list(getattr(model, "__dict__", {}).values())
        for estimator in inner:
            for part in _parts(estimator, library, deepest - 1):
                yield part


def methods(model: "Any") -> "List[str]":
    """Return the names of the model's methods that can be served."""
    return [name for name in METHODS if callable(getattr(model, name, None))]


def _no_model(value: "Any") -> str:
    """Return what an object is that is never a model: a class, function, module or table. Empty for others."""
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
    """Return the packages of a value's class and its base classes."""
    return {base.__module__.split(".")[0] for base in type(value).__mro__}


def _unfitted(model: "Any") -> str:
    """Return the class of the model's first unfitted part, or an empty string if all are fitted."""
    parts = getattr(model, "steps", None) or getattr(model, "transformer_list", None)
    if isinstance(parts, list) and "sklearn" in _libraries(model):  # old versions do not check the parts
        return next(filter(None, (_unfitted(part[1]) for part in parts)), "")
    if type(model).__module__.split(".")[0] in _OF_SKLEARN:
        return _unfitted_of_sklearn(model)
    try:
        return "" if _says_fitted(model) else type(model).__name__
    except Exception as error:
        sys.stderr.write("cannot tell whether {} is fitted: {}\n".format(type(model).__name__, error))
    return ""


def _says_fitted(model: "Any") -> bool:
    """Ask a model of another library or of the user whether it is fitted. The default is yes."""
    if _libraries(model).intersection(_BOOSTED) and hasattr(model, "get_params"):
        return getattr(model, "_Booster", None) is not None  # in all versions of both libraries
    for name in ("__sklearn_is_fitted__", "is_fitted"):  # the names used by scikit-learn and CatBoost
        is_fitted = getattr(model, name, None)
        if callable(is_fitted) and (name != "is_fitted" or "catboost" in _libraries(model)):
            return bool(is_fitted())
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
        sys.stderr.write("cannot tell whether {} is fitted: {}\n".format(type(model).__name__, error))
    return ""


def _needs_fit(model: "Any") -> bool:
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        return bool(model._get_tags().get("requires_fit", True)) if hasattr(model, "_get_tags") else True
    return bool(get_tags(model).requires_fit)
