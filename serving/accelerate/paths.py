"""Finds the fast paths of a model, and keeps those whose results equal the plain call's to the bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from serving.accelerate.boosting import boosting_paths
from serving.accelerate.forest import forest_paths
from serving.accelerate.machine import machine_paths
from serving.accelerate.scaler import scaler_path

Path = Callable[[np.ndarray], Any]
_MAKERS: tuple[Callable[[Any], dict[str, Path]], ...] = (forest_paths, boosting_paths, machine_paths)
# Trees handle each row on its own, so several requests may share a call. This is still checked at each load.
TREES = ("Forest", "ExtraTrees", "GradientBoosting", "DecisionTree", "ExtraTree")
_STEP_MAKERS: tuple[Callable[[Any], Path | None], ...] = (scaler_path,)


def find_paths(model: Any) -> dict[str, Path]:
    """Return a fast path for each method that has one. They are not verified yet."""
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return _paths_of(model)
    before = [_step(transformer) for _, transformer in steps[:-1] if transformer not in (None, "passthrough")]
    last = _paths_of(steps[-1][1])
    return {name: _chain(before, path) for name, path in last.items()}


def _paths_of(model: Any) -> dict[str, Path]:
    for make in _MAKERS:
        paths = make(model)
        if paths:
            return paths
    return {}


def _step(transformer: Any) -> Path:
    for make in _STEP_MAKERS:
        path = make(transformer)
        if path is not None:
            return path
    plain: Path = transformer.transform
    return plain


def _chain(before: list[Path], last: Path) -> Path:
    def chain(rows: np.ndarray) -> Any:
        for step in before:
            rows = step(rows)
        return last(rows)

    return chain


def exact_paths(model: Any, probes: np.ndarray) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the fast paths that agree with the model on every probe.

    Parameters
    ----------
    model : estimator
        The fitted model.
    probes : ndarray, shape (n, features)
        Rows that the model takes.

    Returns
    -------
    dict
        The paths, by method.
    dict
        Why other paths are not used, by method, or by ``all`` if none could be built.
    """
    kept: dict[str, Path] = {}
    left: dict[str, str] = {}
    try:
        candidates = find_paths(model)
    except Exception as error:  # noqa: BLE001 - the model is not what its class name says, or from another version
        return {}, {"all": f"{type(error).__name__}: {error}"}
    for method, path in candidates.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reason = differs(getattr(model, method), path, probes)
        except Exception as error:  # noqa: BLE001 - another version of scikit-learn may lack anything
            reason = f"{type(error).__name__}: {error}"
        if reason is None:
            kept[method] = path
        else:
            left[method] = reason
    return kept, left


def differs(plain: Path, path: Path, probes: np.ndarray) -> str | None:
    """Return how two paths' results differ, or None if they are equal to the bit.

    They are compared on all probes at once and on single rows.
    """
    for rows in (probes, *(probes[at : at + 1] for at in range(min(len(probes), 8)))):
        if not same_bits(plain(rows.copy()), path(rows.copy())):
            return f"another answer for {len(rows)} rows"
    return None


def same_bits(left: Any, right: Any) -> bool:
    """Return whether two answers have the same type, shape and bits."""
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same_bits, left, right))
    left, right = np.asarray(left), np.asarray(right)
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    if left.dtype == object:
        return bool((left == right).all())
    return np.ascontiguousarray(left).tobytes() == np.ascontiguousarray(right).tobytes()


def rowwise(call: Path, probes: np.ndarray) -> bool:
    """Return whether a row's result has the same bits alone, with any other rows and at any position.

    Parameters
    ----------
    call : callable
        Maps rows to a tidy output: an array, a list of arrays for several outputs, or a list with one value per row.
    probes : ndarray, shape (n, features)
        Rows that the model takes.
    """
    if len(probes) < 4:
        return False
    whole = call(probes.copy())
    pieces = [call(probes[at : at + size].copy()) for at, size in ((0, 1), (1, 2), (3, len(probes) - 3))]
    if isinstance(whole, list) and whole and isinstance(whole[0], np.ndarray):
        return all(_is_made_of(row, [piece[at] for piece in pieces]) for at, row in enumerate(whole))
    return _is_made_of(whole, pieces)


def _is_made_of(whole: Any, pieces: list[Any]) -> bool:
    if isinstance(whole, list):
        return bool(whole == [value for piece in pieces for value in piece])
    return same_bits(whole, np.concatenate(pieces))
