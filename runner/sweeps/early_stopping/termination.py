"""Early termination: bandit, median and truncation as Azure ML's HyperDrive defines them.

An interval is one logged value of the first objective's metric. A policy applies to a trial at each multiple of
`evaluation_interval` that is at least `delay_evaluation`, once. Values that are not finite count as worst. A trial
that is exactly at a limit continues. Definitions: Azure ML, ``azureml.train.hyperdrive`` BanditPolicy,
MedianStoppingPolicy and TruncationSelectionPolicy.
"""

from __future__ import annotations

import math
import statistics
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from runner.sweeps.records import MAXIMIZE

Scores = Mapping[int, Sequence[float]]
"""Reported values by trial, with their sign changed if lower is better, so that larger is better."""


class Intervals(ABC):
    """The common part of the three policies: when they apply."""

    def __init__(self, goal: str, evaluation_interval: int = 1, delay_evaluation: int = 0) -> None:
        self._sign = 1.0 if goal == MAXIMIZE else -1.0
        self._every, self._delay = evaluation_interval, delay_evaluation
        self._seen: dict[int, int] = {}
        self._stopped: set[int] = set()

    def stops(self, trial: int, reports: Mapping[int, Sequence[float]]) -> bool:
        """Return whether a running trial should be stopped. Once true, the answer does not change."""
        logged = len(reports.get(trial, ()))
        begin, self._seen[trial] = self._seen.get(trial, 0), logged
        due = [n for n in range(begin + 1, logged + 1) if n % self._every == 0 and n >= self._delay]
        if due:
            scores = {number: [self._score(value) for value in values] for number, values in reports.items()}
            if any(self._is_worse(trial, scores, interval) for interval in due):
                self._stopped.add(trial)
        return trial in self._stopped

    def ended(self, trial: int) -> None:  # noqa: B027 - most policies do not use it
        """Note that a trial has ended."""

    def _score(self, value: float) -> float:
        return self._sign * value if math.isfinite(value) else -math.inf

    @abstractmethod
    def _is_worse(self, trial: int, scores: Scores, interval: int) -> bool:
        """Return whether a trial is too bad to continue after its first `interval` values."""


class Bandit(Intervals):
    """Stops trials that are not within a slack of the leader.

    To maximize, a trial stops if its best so far is below ``leader / (1 + slack_factor)`` or ``leader - slack_amount``;
    to minimize, above ``leader * (1 + slack_factor)`` or ``leader + slack_amount``. The leader is the best value of
    all trials up to the same interval. The leading trial is never stopped, although the ratio would exclude it where
    the metric is negative. For such metrics, use slack_amount.
    """

    def __init__(
        self,
        goal: str,
        slack_factor: float | None = None,
        slack_amount: float | None = None,
        evaluation_interval: int = 1,
        delay_evaluation: int = 0,
    ) -> None:
        super().__init__(goal, evaluation_interval, delay_evaluation)
        self._factor, self._amount = slack_factor, slack_amount

    def _is_worse(self, trial: int, scores: Scores, interval: int) -> bool:
        leader = max(max(values[:interval]) for values in scores.values() if values)
        best = max(scores[trial][:interval])
        return best < min(self._limit(leader), leader)

    def _limit(self, leader: float) -> float:
        if self._amount is not None:
            return leader - self._amount
        ratio = 1 + (self._factor or 0.0)
        return leader / ratio if self._sign > 0 else leader * ratio


class Median(Intervals):
    """Stops trials that are worse than the median.

    A trial stops at interval N if the best of its first N values is worse than the median of the averages of the first
    N values, over all trials that have N values. A trial that ended before has no average at N and does not count.
    """

    def _is_worse(self, trial: int, scores: Scores, interval: int) -> bool:
        averages = [sum(values[:interval]) / interval for values in scores.values() if len(values) >= interval]
        return max(scores[trial][:interval]) < statistics.median(averages)


class Truncation(Intervals):
    """Stops the lowest share at each interval.

    The trials with a value at interval N are ordered by that value. The lowest `truncation_percentage` percent, rounded
    down to whole trials, are stopped. Trials with the same value as the first that continues all continue.
    """

    def __init__(
        self,
        goal: str,
        truncation_percentage: int,
        evaluation_interval: int = 1,
        delay_evaluation: int = 0,
        exclude_finished_jobs: bool = False,
    ) -> None:
        super().__init__(goal, evaluation_interval, delay_evaluation)
        self._percentage, self._exclude = truncation_percentage, exclude_finished_jobs
        self._ended: set[int] = set()

    def ended(self, trial: int) -> None:
        """Note that a trial has ended; with `exclude_finished_jobs` it no longer counts."""
        self._ended.add(trial)

    def _is_worse(self, trial: int, scores: Scores, interval: int) -> bool:
        left_out = self._ended - {trial} if self._exclude else set()
        ordered = sorted(
            values[interval - 1]
            for number, values in scores.items()
            if number not in left_out and len(values) >= interval
        )
        # The value of the first trial that continues. At least one does, whatever the percentage.
        threshold = ordered[min(int(len(ordered) * self._percentage / 100), len(ordered) - 1)]
        return scores[trial][interval - 1] < threshold
