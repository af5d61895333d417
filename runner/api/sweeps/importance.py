"""How much of an objective each parameter explains: computed in a process of its own, since it needs scikit-learn."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import UserError

_LONGEST = 60.0  # seconds
_LEAST = 6  # trials
_KEPT = 64  # results
_one_at_a_time = threading.Lock()  # it takes a core for some seconds
_results: dict[str, list[dict[str, Any]]] = {}
Case = tuple[Sequence[Mapping[str, Any]], Sequence[float]]


def importances(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return each parameter's share of the variance, and the method by which it was computed.

    Optuna's fANOVA where it is installed, otherwise the impurity that a forest of scikit-learn removes.

    Parameters
    ----------
    cases : sequence of tuple
        For each objective the parameters of each trial, which are numbers and texts by the same names, and its values.

    Returns
    -------
    list of dict
        For each objective the ``method``, and ``shares`` by name that add up to 1. They are empty if there are too few
        trials, or nothing varies.

    Raises
    ------
    UserError
        If scikit-learn is not installed, or takes too long.
    """
    known = [at for at, (_, values) in enumerate(cases) if len(values) >= _LEAST and len(set(values)) > 1]
    results: list[dict[str, Any]] = [{"method": "", "shares": {}} for _ in cases]
    if not known:
        return results
    given = json.dumps([cases[at] for at in known])
    with _one_at_a_time:
        if given not in _results:
            if len(_results) >= _KEPT:
                _results.clear()
            _results[given] = _compute(given)
        for at, result in zip(known, _results[given], strict=True):
            results[at] = result
    return results


def _compute(given: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "runner.api.sweeps.importance_process"]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        raise UserError(f"The parameters' importance was not known after {_LONGEST:.0f} s") from None
    if done.returncode:
        why = (done.stderr.strip() or "it was killed").splitlines()[-1]
        raise UserError(f"The parameters' importance is not known: {why}", "It needs scikit-learn, and uses optuna")
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results
