"""Optuna's pruners as policies: asynchronous successive halving (ASHA) and Hyperband."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import UserError


class PrunerPolicy:
    """Lets a pruner of Optuna's see what trials report."""

    def __init__(self, name: str, config: dict[str, Any], maximize: bool) -> None:
        try:
            import optuna
        except ImportError:
            raise UserError(f"The policy {name} needs Optuna", "pip install 'optuna>=5,<6'") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        least, factor = int(config.get("min_resource", 1)), int(config.get("reduction_factor", 3))
        pruner: Any
        if name == "asha":
            pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=least, reduction_factor=factor)
        else:
            most = int(config.get("max_resource", 27))
            pruner = optuna.pruners.HyperbandPruner(min_resource=least, max_resource=most, reduction_factor=factor)
        self._study = optuna.create_study(pruner=pruner, direction="maximize" if maximize else "minimize")
        self._worst = -math.inf if maximize else math.inf
        self._interval = max(1, int(config.get("evaluation_interval", 1)))
        self._delay = int(config.get("delay_evaluation", 0))
        self._asked: dict[int, tuple[Any, int]] = {}

    def stops(self, trial: int, reports: Mapping[int, Sequence[float]]) -> bool:
        """Tell whether a running trial is to be stopped; values are reported one by one, as they were logged."""
        for number in sorted(reports):
            if number not in self._asked:
                self._asked[number] = (self._study.ask(), 0)
        asked, seen = self._asked[trial]
        stop = False
        for step in range(seen, len(reports[trial])):
            value = reports[trial][step]
            asked.report(self._worst if math.isnan(value) else value, step + 1)
            stop = stop or ((step + 1) % self._interval == 0 and step + 1 >= self._delay and bool(asked.should_prune()))
        self._asked[trial] = (asked, len(reports[trial]))
        return stop
