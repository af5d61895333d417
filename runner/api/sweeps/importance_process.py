"""The process that computes importances. It reads JSON from standard input and writes JSON to standard output."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

_TREES, _SEED = 64, 0
_PAUSE = 0.2  # seconds between two looks at the parent


def compute(parameters: Sequence[Mapping[str, Any]], values: Sequence[float]) -> dict[str, Any]:
    """Return the method and the shares."""
    varied = [name for name in parameters[0] if len({trial[name] for trial in parameters}) > 1]
    if not varied:
        return {"method": "", "shares": {}}
    columns = {name: [trial[name] for trial in parameters] for name in varied}
    if find_spec("optuna") is not None:
        return {"method": "fANOVA (optuna)", "shares": _fanova(columns, values)}
    return {"method": "a forest (scikit-learn)", "shares": _forest(columns, values)}


def _fanova(columns: Mapping[str, Sequence[Any]], values: Sequence[float]) -> dict[str, float]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kinds = {name: _distribution(known) for name, known in columns.items()}
    study = optuna.create_study()
    for at, value in enumerate(values):
        chosen = {name: known[at] if _is_numeric(known) else str(known[at]) for name, known in columns.items()}
        study.add_trial(optuna.trial.create_trial(params=chosen, distributions=kinds, value=value))
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=_TREES, seed=_SEED)
    return {
        name: float(share)
        for name, share in optuna.importance.get_param_importances(study, evaluator=evaluator).items()
    }


def _distribution(known: Sequence[Any]) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if not _is_numeric(known):
        return CategoricalDistribution(sorted({str(value) for value in known}))
    low, high = min(known), max(known)
    return FloatDistribution(low, high, log=low > 0 and high / low > 100)


def _forest(columns: Mapping[str, Sequence[Any]], values: Sequence[float]) -> dict[str, float]:
    from sklearn.ensemble import RandomForestRegressor

    table, owners = list[list[float]](), list[str]()
    for name, known in columns.items():
        levels = [None] if _is_numeric(known) else sorted({str(value) for value in known})
        for level in levels:  # a text is a column for each of its levels
            table.append([float(value) if level is None else float(str(value) == level) for value in known])
            owners.append(name)
    forest = RandomForestRegressor(n_estimators=_TREES, random_state=_SEED)
    forest.fit([list(row) for row in zip(*table, strict=True)], list(values))
    shares = dict.fromkeys(columns, 0.0)
    for name, share in zip(owners, forest.feature_importances_, strict=True):
        shares[name] += float(share)
    return shares


def _is_numeric(known: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _end_with(parent: int) -> None:
    """End this process once its parent has: nobody would read the result."""
    while os.getppid() == parent:
        time.sleep(_PAUSE)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    json.dump([compute(*case) for case in json.load(sys.stdin)], sys.stdout)
