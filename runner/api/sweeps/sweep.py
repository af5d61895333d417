"""One sweep."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.sweeps import state
from runner.errors import UserError, storage_error
from runner.statuses import COMPLETED, RUNNING
from runner.sweeps.records import Objective, SweepRecord, TrialRecord
from runner.sweeps.store import SweepStore

if TYPE_CHECKING:
    from subprocess import Popen

    from runner.api.runs.listing import RunList
    from runner.api.runs.run import Run
    from runner.api.workspace import Workspace

_PAUSE = 0.1


class Sweep:
    """A sweep of a workspace, in the state in which it was last read. `refresh` reads it again."""

    def __init__(self, workspace: Workspace, record: SweepRecord) -> None:
        self._workspace, self._record = workspace, record
        self.controller: Popen[bytes] | None = None  # the process, of a sweep that this one has submitted

    @property
    def id(self) -> str:
        """The id."""
        return self._record.id

    @property
    def experiment(self) -> str:
        """The name of the experiment."""
        return self._record.experiment

    @property
    def record(self) -> SweepRecord:
        """Everything that is recorded of the sweep, with the current state of its trials."""
        return self._record

    @property
    def state(self) -> str:
        """The state: running, completed, failed, canceled, or interrupted if its controller died."""
        return state.state_of(self._workspace.layout, self._record)

    @property
    def status(self) -> str:
        """The same as `state`."""
        return self.state

    @property
    def objective(self) -> tuple[Objective, ...]:
        """The metrics to optimize. Empty for a sweep without an objective."""
        return self._record.objectives

    @property
    def space(self) -> Mapping[str, Any]:
        """The search space of each parameter, by its key."""
        return self._record.space

    @property
    def counts(self) -> dict[str, int]:
        """The number of trials that are running, completed, failed, stopped early, canceled and left."""
        from runner.sweeps.ranking.facts import counts

        return counts(self._record)

    @property
    def model(self) -> str | None:
        """The version registered from the best trial, as ``NAME:VERSION``."""
        return self._record.model

    @property
    def created(self) -> str:
        """The creation time, ISO 8601 in UTC."""
        return self._record.created

    @property
    def ended(self) -> str | None:
        """The end time, ISO 8601 in UTC."""
        return self._record.ended

    @property
    def error(self) -> str | None:
        """The reason why it did not complete."""
        return self._record.error

    @property
    def page(self) -> Path | None:
        """The page ``sweep.html``, None until the sweep has ended."""
        page = self._workspace.layout.sweep(self.id).page
        return page if page.exists() else None

    def refresh(self) -> Sweep:
        """Read the sweep again, and return it."""
        layout = self._workspace.layout
        self._record = state.up_to_date(layout, SweepStore(layout).read(self.id))
        return self

    def trials(self) -> RunList:
        """Return the runs of the trials in the order of their numbers, with ``trial`` in each row.

        Trials whose run does not exist, because it never began or was deleted, are left out.
        """
        from runner.api.runs.listing import RunList

        ids = {trial.run for trial in self._record.trials}
        rows = {row["id"]: row for row in self._workspace.runs(ids=ids, archived=True).rows}
        trials = sorted(self._record.trials, key=lambda trial: trial.number)
        trial_rows = [{**rows[trial.run], "trial": trial.number} for trial in trials if trial.run in rows]
        return RunList(self._workspace, trial_rows, len(trial_rows))

    def best(self) -> list[Run]:
        """Return the run of the best trial, or those of the Pareto front; empty without an objective."""
        from runner.sweeps.ranking.facts import best_of

        return [self._workspace.run(trial.run) for trial in best_of(self._record)]

    def best_command(self) -> str:
        """Return the command that repeats the best trial.

        Raises
        ------
        UserError
            If no trial is best.
        """
        from runner.sweeps.ranking.facts import command_line

        return command_line(self._record, self.best_trials()[0])

    def best_trials(self) -> list[TrialRecord]:
        """Return the records of the best trials.

        Raises
        ------
        UserError
            If no trial is best.
        """
        from runner.sweeps.ranking.facts import best_of

        best = best_of(self._record)
        if best:
            return best
        names = " and ".join(objective.metric for objective in self._record.objectives)
        why = f"no completed trial has a value of {names}" if names else "it has no objective (sweep.objective)"
        raise UserError(f"Sweep {self.id} has no best trial: {why}", f"See: vivero sweep {self.id}")

    def model_of(self, trial: TrialRecord) -> str | None:
        """Return the version registered from a trial: the sweep's for the best, otherwise the run's own."""
        record = self._record
        if record.model and record.best and trial.number == record.best[0]:
            return record.model
        try:
            made = self._workspace.run(trial.run).record.register
        except UserError:  # the run was deleted
            return None
        return f"{made.model}:{made.version}" if made else None

    @property
    def row(self) -> dict[str, Any]:
        """The sweep as ``vivero sweeps --json`` prints it."""
        from runner.sweeps.ranking.facts import best_of

        record = self._record
        return {
            "id": record.id,
            "experiment": record.experiment,
            "state": self.state,
            "counts": self.counts,
            "total": record.total,
            "best": [state.trial_json(record, trial) for trial in best_of(record)],
            "model": record.model,
            "created": record.created,
            "ended": record.ended,
            "error": record.error,
        }

    def charts(self) -> dict[str, Any]:
        """Return the data of its charts: objectives, parameters, trials with their values, and the best."""
        from runner.sweeps.display.page import page_data

        return page_data(self._record)

    def facts(self) -> list[tuple[str, str]]:
        """Return what is said of it in a few words: pairs of name and text."""
        from runner.sweeps.display.page import page_facts

        return [(name, self.state if name == "state" else text) for name, text in page_facts(self._record)]

    def curves(self) -> list[dict[str, Any]]:
        """Return the values of each objective that the trials logged while they ran.

        Returns
        -------
        list of dict
            For each objective its ``metric``, what the values are over (``step``), and ``points`` by run.
        """
        from runner.api.metrics.curves import curves_of

        layout = self._workspace.layout
        folders = [(row["id"], layout.run(row["experiment"], row["id"])) for row in self.trials().rows]
        curves = []
        for objective in self._record.objectives:
            step, points = curves_of(folders, objective.metric)
            curves.append({"metric": objective.metric, "step": step, "points": points})
        return curves

    def leaderboard(self) -> list[dict[str, Any]]:
        """Return the trials of a sweep over declared trainings, best first.

        It is empty for other sweeps, and for those with an objective of their own.

        Returns
        -------
        list of dict
            ``trial``, ``run``, ``score`` (the mean over the folds), the ends ``low`` and ``high`` of its 95 % interval,
            and ``tied``: whether it differs from the best on the same folds by no more than noise.
        """
        from runner.api.sweeps.leaderboard import leaderboard

        return leaderboard(self._workspace, self._record)

    def importance(self) -> list[dict[str, Any]]:
        """Return how much of each objective's variance a parameter explains, among the completed trials.

        Returns
        -------
        list of dict
            For each objective the ``method``, and ``shares`` by the parameter's short name.

        Raises
        ------
        UserError
            If scikit-learn is not installed.
        """
        from runner.api.sweeps.importance import Case, importances

        data = self.charts()
        names = [parameter["name"] for parameter in data["parameters"]]
        done = [trial for trial in data["trials"] if trial["status"] == COMPLETED and None not in trial["x"]]
        cases = list[Case]()
        for at in range(len(data["objectives"])):
            known = [trial for trial in done if trial["y"][at] is not None]
            parameters = [dict(zip(names, trial["x"], strict=True)) for trial in known]
            cases.append((parameters, [trial["y"][at] for trial in known]))
        return importances(cases)

    def nodes(self) -> dict[str, str]:
        """Return the node of each trial that ran on one of a cluster, by run."""
        if self._record.config.get("compute", {}).get("kind") == "local":
            return {}
        nodes = dict[str, str]()
        for trial in self._record.trials:
            try:
                scaled = self._workspace.run(trial.run).record.scale
            except UserError:  # it never began, or was deleted
                continue
            nodes |= {trial.run: ", ".join(scaled.nodes)} if scaled else {}
        return nodes

    def resume_command(self) -> str | None:
        """Return the command that resumes an interrupted sweep, None if it cannot be resumed."""
        from runner.sweeps.ranking.facts import resume_line

        # A list of another Hydra sweeper could only be repeated by that one.
        return resume_line(self._record) if self.state == state.INTERRUPTED and self._record.search != "list" else None

    def wait(self, timeout: float | None = None) -> Sweep:
        """Wait until the sweep is not running any more, and return it.

        Raises
        ------
        TimeoutError
            After `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while self.refresh().state == RUNNING:
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"Sweep {self.id} is still running")
            time.sleep(_PAUSE)
        if self.controller is not None:
            self.controller.wait()
        return self.refresh()

    def cancel(self) -> Sweep:
        """Ask the sweep to end with all its trials. One that has ended stays as it is."""
        from runner.api.sweeps.cancel import cancel_sweep

        if self.refresh()._record.state == RUNNING:
            self._record = cancel_sweep(self._workspace.trusted(), self._record)
        return self

    def __repr__(self) -> str:
        return f"<Sweep {self.id}>"

    def _repr_html_(self) -> str:
        from runner.api.html import sweep_page

        return sweep_page(self)


def list_sweeps(workspace: Workspace) -> list[Sweep]:
    """Return the sweeps that can be read, newest first; name the others on standard error."""
    from runner.console.notes import note

    store, sweeps = SweepStore(workspace.layout), list[Sweep]()
    for sweep_id in store.ids():
        try:
            sweeps.append(Sweep(workspace, state.up_to_date(workspace.layout, store.read(sweep_id))))
        except (UserError, OSError) as error:  # one bad record must not hide the others
            note(f"warning: {storage_error(error) or error}")
    return sorted(sweeps, key=lambda sweep: (sweep.created, sweep.id), reverse=True)
