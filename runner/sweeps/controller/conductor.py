"""The sweep controller: keeps the slots full, watches running trials and records events immediately."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from runner.console.format import show_value
from runner.errors import UserError, nearest
from runner.execution.context import RunContext
from runner.execution.interrupts import counted
from runner.execution.plan import Plan
from runner.io.clock import now
from runner.layout import Layout
from runner.records import RunRecord
from runner.statuses import CANCELED, COMPLETED, FAILED, RUNNING, TERMINAL
from runner.sweeps.composing.secrets import masked_suggestion
from runner.sweeps.controller.results import settled
from runner.sweeps.controller.trial import Reports, Trial, carry_out
from runner.sweeps.ports import Policy, Search, Suggestion, Watcher
from runner.sweeps.ranking.best import best_trials, objective_values
from runner.sweeps.ranking.facts import value_of
from runner.sweeps.records import EARLY, Objective, SweepRecord, TrialRecord
from runner.sweeps.store import SweepStore

_TICK = 0.1  # seconds between reads of the running trials' metrics
_WRITE = 2.0  # seconds between writes of sweep.json; the journal has what happens in between


@dataclass(frozen=True)
class Limits:
    """Limits that end a sweep before its search is done. Times in seconds."""

    max_trials: int | None = None
    max_failures: int | None = None
    timeout: float | None = None


@dataclass
class Dependencies:
    """Dependencies of the sweep controller.

    Parameters
    ----------
    plan : callable
        Returns the plan for a trial's overrides.
    new_run : callable
        Returns the record and context of a new run for a plan.
    slots : callable
        Returns the number of concurrent trials, which may grow as machines join.
    assets : callable
        Returns the versions of data assets that the plans so far have.
    """

    layout: Layout
    store: SweepStore
    search: Search
    policy: Policy | None
    watcher: Watcher
    plan: Callable[[tuple[str, ...]], Plan]
    new_run: Callable[[Plan, Mapping[str, Any]], tuple[RunRecord, RunContext]]
    slots: Callable[[], int]
    assets: Callable[[], Mapping[str, str]]


class Conductor:
    """A running sweep.

    Parameters
    ----------
    again : sequence of TrialRecord
        Trials of an interrupted sweep to repeat before new ones.
    """

    def __init__(
        self, sweep: SweepRecord, dependencies: Dependencies, limits: Limits, again: tuple[TrialRecord, ...] = ()
    ) -> None:
        self.sweep, self._dependencies, self._limits = sweep, dependencies, limits
        self._layout = dependencies.layout.sweep(sweep.id)
        self._again = list(again)
        self._trials: dict[int, TrialRecord] = {trial.number: trial for trial in sweep.trials}
        self._reports: dict[int, Reports] = {}
        self._running: dict[int, Trial] = {}
        self._next = max(self._trials, default=-1) + 1
        self._exhausted = False
        self._ending: str | None = None  # why no more trials start
        self._state = COMPLETED
        self._interrupts = self._heeded = 0
        self._written = 0.0
        self._begun = time.monotonic()

    def run(self) -> SweepRecord:
        """Run the sweep to its end and return its record. Ctrl-C ends it as canceled."""
        with counted(self._interrupted):
            return self._run()

    def _interrupted(self) -> None:
        self._interrupts += 1

    def _run(self) -> SweepRecord:
        self._dependencies.watcher.begin(self.sweep)
        self._write()
        with ExitStack() as pools:
            pool = pools.enter_context(ThreadPoolExecutor(self.sweep.slots, "trial"))
            while True:
                self._heed_interrupts()
                if self._has_more_room():  # a pool cannot grow, so trials of the previous pool continue there
                    pool = pools.enter_context(ThreadPoolExecutor(self.sweep.slots, "trial"))
                if not self._turn(pool):
                    break
        record = self._record()
        if self._ending is None and (absent := never_logged(record)) is not None:
            self._ending, self._state = absent, FAILED
            self._dependencies.watcher.say(absent)
        self.sweep = dataclasses.replace(record, state=self._final_state(), ended=now(), error=self._ending)
        self._dependencies.store.write(self.sweep)
        return self.sweep

    def _heed_interrupts(self) -> None:
        """Cancel all trials, once for each Ctrl-C."""
        while self._heeded < self._interrupts:
            self._end("Ctrl-C", CANCELED)
            self._heeded += 1

    def _has_more_room(self) -> bool:
        """Update the number of slots; return whether it has grown."""
        before, slots = self.sweep.slots, self._dependencies.slots()
        if slots != before:
            self.sweep = dataclasses.replace(self.sweep, slots=slots)
            self._dependencies.watcher.say(f"Now running {slots} trials at a time")
        return slots > before

    def _turn(self, pool: ThreadPoolExecutor) -> bool:
        """Do one step; return whether anything is left to do."""
        self._look_around()
        while len(self._running) < self.sweep.slots and self._begin(pool):
            continue
        if not self._running:
            return False
        done, _ = wait([trial.work for trial in self._running.values()], _TICK, FIRST_COMPLETED)
        for trial in [trial for trial in self._running.values() if trial.work in done]:
            self._settle(trial)
        self._police()
        if time.monotonic() - self._written > _WRITE:
            self._write()
        return True

    def _look_around(self) -> None:
        """Check for reasons to end the sweep."""
        limits = self._limits
        if self._ending is not None:
            return
        if self._layout.cancel.exists():
            self._end("canceled", CANCELED)
        elif limits.timeout is not None and time.monotonic() - self._begun >= limits.timeout:
            self._end(f"timeout after {limits.timeout:g} s (sweep.timeout)", CANCELED)
        elif limits.max_failures is not None and self._failures() >= limits.max_failures:
            self._end(f"{self._failures()} trials failed (sweep.max_failures={limits.max_failures})", FAILED)

    def _failures(self) -> int:
        return sum(trial.status == FAILED for trial in self._trials.values())

    def _end(self, why: str, state: str) -> None:
        self._ending, self._state = self._ending or why, state
        for trial in self._running.values():
            trial.end(why)

    def _begin(self, pool: ThreadPoolExecutor) -> bool:
        """Start another trial if there is one."""
        upcoming = None if self._ending is not None else self._following()
        if upcoming is None:
            return False
        trial, suggestion = upcoming
        try:
            plan = self._dependencies.plan(suggestion.overrides)
        except UserError as mistake:  # short lists were planned before anything started
            self._end(f"trial {trial.number}: {mistake}", FAILED)
            return False
        self._record_assets()
        record, context = self._dependencies.new_run(plan, {"sweep": self.sweep.id, "trial": str(trial.number)})
        trial = dataclasses.replace(trial, run=record.id, status=RUNNING, started=now())
        reports = Reports(context.run, self.sweep.objectives[0].metric if self.sweep.objectives else "")
        self._note(trial)
        self._reports[trial.number] = reports
        work = pool.submit(carry_out, context, record, plan)
        self._running[trial.number] = Trial(trial, context, work, reports)
        self._dependencies.watcher.changed(self._record(), trial)
        return True

    def _record_assets(self) -> None:
        """Record the versions that a trial reads before it starts, so that a resumed sweep reads the same."""
        assets = self._dependencies.assets()
        if assets != self.sweep.assets:
            self.sweep = dataclasses.replace(self.sweep, assets=assets)
            self._write()

    def _following(self) -> tuple[TrialRecord, Suggestion] | None:
        if self._again:
            earlier = self._again.pop(0)
            again = dataclasses.replace(earlier, attempt=earlier.attempt + 1, reason=None, ended=None, metrics={})
            return again, Suggestion(earlier.parameters, earlier.overrides)
        if self._exhausted or (self._limits.max_trials is not None and self._next >= self._limits.max_trials):
            return None
        suggestion = self._dependencies.search.ask(self._next)
        if suggestion is None:
            self._exhausted = True
            return None
        shown = masked_suggestion(suggestion)
        trial = TrialRecord(number=self._next, run="", parameters=dict(shown.parameters), overrides=shown.overrides)
        self._next += 1
        return trial, suggestion

    def _settle(self, running: Trial) -> None:
        """Process the end of a trial."""
        del self._running[running.record.number]
        run = running.work.result()
        trial = settled(self._dependencies.layout, running.record, run, self.sweep.objectives)
        running.reports.read()
        self._note(trial)
        if self._dependencies.policy is not None:
            self._dependencies.policy.ended(trial.number)
        self._dependencies.search.tell(trial, values_of(self.sweep, trial))
        self._dependencies.watcher.changed(self._record(), trial)

    def _note(self, trial: TrialRecord) -> None:
        self._trials[trial.number] = trial
        self._dependencies.store.append(self.sweep.id, trial.to_json())

    def _police(self) -> None:
        """Stop the trials that the early termination policy rejects."""
        policy = self._dependencies.policy
        if policy is None or self._ending is not None:
            return
        fresh = [number for number, trial in self._running.items() if trial.reports.read()]
        if not fresh:
            return
        values = {number: report.values for number, report in self._reports.items() if report.values}
        for number in fresh:
            if not self._running[number].asked and policy.stops(number, values):
                self._running[number].end(EARLY)

    def _record(self) -> SweepRecord:
        trials = tuple(self._trials[number] for number in sorted(self._trials))
        best = best_trials(self.sweep.objectives, trials)
        return dataclasses.replace(self.sweep, trials=trials, best=best)

    def _write(self) -> None:
        self._dependencies.store.write(self._record())
        self._written = time.monotonic()

    def _final_state(self) -> str:
        if self._ending is not None:
            return self._state
        return FAILED if self._failures() else COMPLETED


def values_of(sweep: SweepRecord, trial: TrialRecord) -> tuple[float, ...] | None:
    """Return a trial's objective values, or None if any is missing or it has not ended."""
    return objective_values(sweep.objectives, trial) if trial.status in TERMINAL else None


def never_logged(sweep: SweepRecord) -> str | None:
    """Return a message if an objective has no usable value in any completed trial, otherwise None."""
    completed = [trial for trial in sweep.trials if trial.status == COMPLETED]
    logged = {name for trial in completed for name in trial.metrics}
    absent = next((objective.metric for objective in sweep.objectives if objective.metric not in logged), None)
    if not completed:
        return None
    if absent is None:
        return next(
            (
                _no_number(completed, objective.metric)
                for objective in sweep.objectives
                if _is_useless(completed, objective)
            ),
            None,
        )
    return str(UserError(f"sweep.objective: no trial logged {absent}", nearest(absent, logged)))


def _is_useless(trials: Sequence[TrialRecord], objective: Objective) -> bool:
    return all(value_of(trial, objective.metric) is None for trial in trials)


def _no_number(trials: Sequence[TrialRecord], metric: str) -> str:
    shown = show_value(next(trial.metrics[metric] for trial in trials if metric in trial.metrics))
    return f"sweep.objective: no trial is best, because {metric} is not a finite number in any trial, such as {shown}"
