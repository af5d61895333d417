"""The ports of a sweep: search, early termination policy and display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runner.sweeps.records import SweepRecord, TrialRecord


@dataclass(frozen=True)
class Suggestion:
    """The parameters of a trial: values by key, and the same as overrides in Hydra's grammar."""

    parameters: Mapping[str, Any]
    overrides: tuple[str, ...] = field(default=())


class Search(Protocol):
    """Chooses the parameters of trials. It is asked when a slot is free, and told the result when a trial ends."""

    total: int | None
    """The total number of trials, if known."""

    def ask(self, number: int) -> Suggestion | None:
        """Return the parameters of trial `number`, or None if the search is done.

        The numbers ascend; the same numbers and the same results give the same suggestions.
        """

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Record how a trial ended: its objective values, or None.

        It is also called before the first `ask`: for the trials of a resumed sweep in the order of their numbers, and
        for the trials of earlier sweeps to learn from.
        """


class Policy(Protocol):
    """Decides which running trials to stop early."""

    def stops(self, trial: int, reports: Mapping[int, Sequence[float]]) -> bool:
        """Return whether a running trial should be stopped.

        Parameters
        ----------
        trial : int
            Its number.
        reports : mapping
            For every started trial, the logged values of the first objective's metric, in order.
            Each value is one interval, as on Azure.
        """

    def ended(self, trial: int) -> None:
        """Note that a trial has ended."""


class Watcher(Protocol):
    """Displays a sweep."""

    def begin(self, sweep: SweepRecord) -> None:
        """Show that it starts or resumes."""

    def changed(self, sweep: SweepRecord, trial: TrialRecord) -> None:
        """Show that a trial has started or ended."""

    def say(self, line: str) -> None:
        """Show a line of detail."""

    def end(self, sweep: SweepRecord) -> None:
        """Show the results."""
