"""Early termination: which running trials are not worth going on with.

Bandit, median stopping and truncation selection are defined as Azure ML's HyperDrive defines them (its documentation,
"Tune hyperparameters: early termination"): each logged value of the primary metric is one interval; a policy is applied
at every multiple of ``evaluation_interval`` from ``delay_evaluation`` on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from runner.errors import UserError, nearest
from runner.sweeps.ports import Policy
from runner.sweeps.records import MAXIMIZE, Objective

_KEYS = {
    "bandit": ("slack_factor", "slack_amount"),
    "median": (),
    "truncation": ("truncation_percentage", "exclude_finished_jobs"),
    "asha": ("min_resource", "reduction_factor"),
    "hyperband": ("min_resource", "max_resource", "reduction_factor"),
}
_COMMON = ("policy", "evaluation_interval", "delay_evaluation")
Reports = Mapping[int, Sequence[float]]


def read_policy(config: Mapping[str, Any], objectives: tuple[Objective, ...]) -> Policy | None:
    """Return the policy of ``sweep.early_termination``, None where it is empty.

    Raises
    ------
    UserError
        If it is none that is known, or lacks something.
    """
    if not config:
        return None
    where, name = "sweep.early_termination", str(config.get("policy"))
    if name not in _KEYS:
        raise UserError(f"{where}.policy={name} is not known", nearest(name, _KEYS))
    for key in config:
        if key not in (*_COMMON, *_KEYS[name]):
            raise UserError(f"{where} has no '{key}' for {name}", nearest(str(key), (*_COMMON, *_KEYS[name])))
    if not objectives:
        raise UserError(f"{where} needs sweep.objective", "For example: sweep.objective='maximize Accuracy'")
    for key, value in config.items():
        if key not in ("policy", "exclude_finished_jobs") and not _is_number(value):
            raise UserError(f"{where}.{key}={value} is no number above or equal to 0")
    maximize = objectives[0].goal == MAXIMIZE
    if name in ("asha", "hyperband"):
        from runner.sweeps.pruners import PrunerPolicy

        return PrunerPolicy(name, dict(config), maximize)
    return _AZURES[name](dict(config), maximize)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and math.isfinite(value)


class _Azure:
    """When a policy of Azure's is applied. Values are turned so that larger is better."""

    def __init__(self, config: dict[str, Any], maximize: bool) -> None:
        self.config, self.maximize = config, maximize
        self.interval = int(config.get("evaluation_interval", 1))
        self.delay = int(config.get("delay_evaluation", 0))
        if self.interval < 1:
            raise UserError("sweep.early_termination.evaluation_interval is at least 1")

    def stops(self, trial: int, reports: Reports) -> bool:
        """Tell whether a running trial is to be stopped."""
        at = len(reports.get(trial, ())) // self.interval * self.interval
        if at < max(self.delay, 1):
            return False
        turned = {number: [self._turned(one) for one in values] for number, values in reports.items()}
        return self.worse(trial, turned, at)

    def _turned(self, value: float) -> float:
        if math.isnan(value):
            return -math.inf
        return value if self.maximize else -value

    def worse(self, trial: int, reports: Reports, at: int) -> bool:
        """Tell whether a trial is too bad at an interval."""
        raise NotImplementedError


class Bandit(_Azure):
    """Stops what is further from the best than a factor or an amount: maximising, below best / (1 + slack_factor)."""

    def __init__(self, config: dict[str, Any], maximize: bool) -> None:
        super().__init__(config, maximize)
        if ("slack_factor" in config) == ("slack_amount" in config):
            raise UserError("sweep.early_termination: bandit wants slack_factor or slack_amount, one of them")

    def worse(self, trial: int, reports: Reports, at: int) -> bool:
        """Tell whether the trial's best is beyond the slack of the best of all at the interval."""
        best = max(max(values[:at]) for values in reports.values() if values)
        own = max(reports[trial][:at])
        if "slack_amount" in self.config:
            return own < best - float(self.config["slack_amount"])
        factor = 1 + float(self.config["slack_factor"])
        # Minimising, the values are turned: above best * (1 + slack_factor) is below the turned best times the factor.
        return own < (best / factor if self.maximize else best * factor)


class MedianStopping(_Azure):
    """Stops what is worse at its best than the median of all trials' running averages."""

    def worse(self, trial: int, reports: Reports, at: int) -> bool:
        """Tell whether it is."""
        averages = [fmean(values[:at]) for values in reports.values() if values]
        return max(reports[trial][:at]) < median(averages)


class Truncation(_Azure):
    """Stops the lowest share of the trials that have come to the interval, by their values there."""

    def __init__(self, config: dict[str, Any], maximize: bool) -> None:
        super().__init__(config, maximize)
        if not 1 <= config.get("truncation_percentage", 0) <= 99:
            raise UserError("sweep.early_termination: truncation wants a truncation_percentage from 1 to 99")

    def worse(self, trial: int, reports: Reports, at: int) -> bool:
        """Tell whether it is among the lowest; of equal ones none is."""
        there = sorted(values[at - 1] for values in reports.values() if len(values) >= at)
        cut = int(len(there) * self.config["truncation_percentage"] / 100)
        return cut > 0 and reports[trial][at - 1] <= there[cut - 1] and reports[trial][at - 1] < there[cut]


_AZURES = {"bandit": Bandit, "median": MedianStopping, "truncation": Truncation}
