"""The seams of a sweep: what chooses the next trial, what stops one early, what shows how it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runner.sweeps.records import SweepRecord, TrialRecord


@dataclass(frozen=True)
class Suggestion:
    """What a trial is to try: values by key, and the same as overrides in Hydra's grammar."""

    parameters: Mapping[str, Any]
    overrides: tuple[str, ...] = field(default=())


class Search(Protocol):
    """Chooses what trials try. It is asked whenever a slot is free, and told of each trial as it ends."""

    total: int | None
    """Trials that there are to be, where that is known."""

    def ask(self, number: int) -> Suggestion | None:
        """Return what trial `number` is to try; None: there is nothing more to try.

        The numbers ascend; the same numbers and the same results give the same suggestions.
        """

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Learn how a trial ended: the objectives' values, None where it has none.

        Also told, in order of their numbers and before the first question, of the trials of a sweep that is resumed,
        and of those of earlier sweeps to start from.
        """


class Policy(Protocol):
    """Decides, while trials run, which of them are not worth going on with."""

    def stops(self, trial: int, reports: Mapping[int, Sequence[float]]) -> bool:
        """Return whether a running trial is to be stopped.

        Parameters
        ----------
        trial : int
            Its number.
        reports : mapping
            Of every trial that has begun, the values of the first objective's metric in the order they were logged.
            Each of them is one interval, as Azure counts.
        """

    def ended(self, trial: int) -> None:
        """Learn that a trial has ended."""


class Watcher(Protocol):
    """Shows a person how a sweep goes."""

    def begin(self, sweep: SweepRecord) -> None:
        """Show that it begins, or goes on."""

    def changed(self, sweep: SweepRecord, trial: TrialRecord) -> None:
        """Show that a trial has begun or ended."""

    def say(self, line: str) -> None:
        """Show a line of detail."""

    def end(self, sweep: SweepRecord) -> None:
        """Show what came of it."""
