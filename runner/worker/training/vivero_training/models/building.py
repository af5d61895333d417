"""Builds estimators from trees of parameters, in which ``_target_`` names a class of an allowed package."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from typing import Any

from ..mistakes import Mistake, first_line, nearest

TARGET = "_target_"
_FUNCTIONS = ("func", "inverse_func")  # parameters of scikit-learn that take a function, given by its name
_NUMPY = ("asarray", "clip", "interp", "nan_to_num", "round")  # and each ufunc, such as log1p
_MARKS = ("get_params", "split", "get_n_splits", "__call__")  # of estimators, splitters, and selectors of columns


def build(tree: Any, place: str, allowed: Sequence[str]) -> Any:
    """Return what a tree describes.

    Parameters
    ----------
    tree : object
        Plain data. A mapping with ``_target_`` becomes an object of that class. A list whose first item is a text
        becomes a tuple where it holds an object, as a step of a pipeline or column transformer does.
    place : str
        Its key, for messages.
    allowed : sequence of str
        The packages whose classes may be named. Nothing else is imported.

    Raises
    ------
    Mistake
        If a class is missing or not allowed, or does not have a parameter.
    """
    if isinstance(tree, list):
        made = [build(item, f"{place}[{at}]", allowed) for at, item in enumerate(tree)]
        is_step = len(tree) in (2, 3) and isinstance(tree[0], str) and any(map(_is_described, tree[1:]))
        return tuple(made) if is_step else made
    if not isinstance(tree, dict):
        return tree
    values = {key: build(value, f"{place}.{key}", allowed) for key, value in tree.items() if key != TARGET}
    if TARGET not in tree:
        return values
    kind = find_class(tree[TARGET], place, allowed)
    _check_names(kind, values, place)
    for name in _FUNCTIONS:
        if isinstance(values.get(name), str):
            values[name] = _function(values[name], f"{place}.{name}")
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise Mistake(f"{place}: {kind.__name__} cannot be made: {first_line(error)}") from None


def _is_described(item: object) -> bool:
    return isinstance(item, dict) or item in ("passthrough", "drop")


def find_class(name: str, place: str, allowed: Sequence[str]) -> Any:
    """Return the class of an estimator or splitter.

    Raises
    ------
    Mistake
        If it does not exist, is another class, or its package is not allowed.
    """
    package = name.partition(".")[0]
    if package not in allowed:
        raise Mistake(f"{place}.{TARGET}={name}: classes of {package} are not allowed. Set train.allow=[{package}]")
    module_name, _, class_name = name.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise Mistake(f"{place}.{TARGET}={name} cannot be imported: {first_line(error)}") from None
    kind = getattr(module, class_name, None)
    if kind is None:
        known = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise Mistake(f"{place}.{TARGET}: {module_name} has no class {class_name}{nearest(class_name, known)}")
    is_ours = isinstance(kind, type) and kind.__module__.partition(".")[0] in allowed
    if not is_ours or not any(mark in vars(base) for base in kind.__mro__ for mark in _MARKS):
        raise Mistake(f"{place}.{TARGET}={name} is not the class of an estimator or splitter")
    return kind


def _function(name: str, place: str) -> Any:
    """Return a function of numpy by its name: one that computes, and none that reads or writes files."""
    import numpy

    module, _, short = name.rpartition(".")
    found = getattr(numpy, short, None) if module == "numpy" else None
    if found is None or not (isinstance(found, numpy.ufunc) or short in _NUMPY):
        known = [*(key for key, value in vars(numpy).items() if isinstance(value, numpy.ufunc)), *_NUMPY]
        hint = nearest(short, known) or ". Name a function of numpy that works on each value, such as numpy.log1p"
        raise Mistake(f"{place}={name} is not such a function{hint}")
    return found


def _check_names(kind: Any, values: Any, place: str) -> None:
    parameters = inspect.signature(kind).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    for name in values:
        if name not in parameters:
            raise Mistake(f"{place}.{name}: {kind.__name__} has no parameter '{name}'{nearest(name, parameters)}")


def set_seeds(estimator: Any, seed: int) -> None:
    """Set each ``random_state`` that is None, so that the same declaration gives the same model."""
    names = [name for name in estimator.get_params() if name.rpartition("__")[2] == "random_state"]
    estimator.set_params(**{name: seed for name in names if estimator.get_params()[name] is None})
