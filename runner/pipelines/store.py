"""Reads and writes the records of pipelines: the steps of a run, and the results of steps by their key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.files import append_json_line, write_json
from runner.io.json_records import read_lines, read_record, warn_once
from runner.layout import Layout, RunLayout
from runner.pipelines.planning.references import STEP, found_in, read_reference
from runner.pipelines.records import WAITING, StepRecord, StepResult
from runner.records import RunRecord
from runner.statuses import COMPLETED
from runner.store.finding import entries, record_folders, time_of
from runner.store.runs import locate
from runner.store.runs import read_record as read_run


def read_steps(run: RunLayout) -> dict[str, StepRecord]:
    """Return the last state of each step of a pipeline's run, in the order in which they began."""
    steps: dict[str, StepRecord] = {}
    for line in read_lines(run.steps, StepRecord):
        steps[line["name"]] = StepRecord.from_json(line)
    return steps


def readable_steps(run: RunLayout) -> dict[str, StepRecord]:
    """Return the last state of each step, or warn and return an empty dict if the steps cannot be read.

    For code that reads many pipelines, one of which may be damaged.
    """
    try:
        return read_steps(run)
    except UserError as error:
        warn_once(run.steps, str(error))
        return {}


def all_steps(run: RunLayout, record: RunRecord) -> list[StepRecord]:
    """Return the state of each step of a pipeline in the written order, including steps that have not begun."""
    begun, planned = read_steps(run), record.part("pipeline").get("steps")
    steps = planned if isinstance(planned, Mapping) else {}
    return [
        begun.get(name) or StepRecord(name=name, status=WAITING, needs=_needs(steps[name]))
        for name in dict.fromkeys([*steps, *begun])
    ]


def _needs(written: Any) -> tuple[str, ...]:
    """Return the steps that a step's settings refer to."""
    settings = written if isinstance(written, Mapping) else {}
    given = {key: value for key, value in settings.items() if key != "pipeline"}  # whose steps refer to each other
    references = [read_reference(text) for text in [*found_in(given, STEP), *_named_by_inputs(given)]]
    needs = given.get("needs")
    listed = [need for need in needs if isinstance(need, str)] if isinstance(needs, list | tuple) else []
    return tuple(dict.fromkeys([*(reference.step for reference in references if reference is not None), *listed]))


def _named_by_inputs(settings: Mapping[str, Any]) -> list[str]:
    """Return the references of inputs that are written as ``{step: prepare.clean}``."""
    data = settings.get("data")
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    names = (
        [given.get("step") for given in inputs.values() if isinstance(given, Mapping)]
        if isinstance(inputs, Mapping)
        else []
    )
    return [name for name in names if isinstance(name, str)]


def append_step(run: RunLayout, step: StepRecord) -> None:
    """Record the state of a step."""
    append_json_line(run.steps, step.to_json())


def pipeline_runs(layout: Layout, experiment: str | None = None) -> Iterator[RunLayout]:
    """Yield the runs that are pipelines, newest first."""
    groups = [group for group in entries(layout.runs) if experiment is None or group.name == experiment]
    folders = [folder for group in groups for folder in record_folders(Path(group.path), str(RunLayout.steps))]
    for folder in sorted(folders, key=lambda folder: time_of(folder.name), reverse=True):
        yield RunLayout(folder)


def earlier_step(layout: Layout, experiment: str, name: str, steps: Collection[str]) -> StepRecord:
    """Return the newest completed state of a step, from pipelines whose steps are all among `steps`.

    Raises
    ------
    UserError
        If there is none, or its run was deleted.
    """
    for run in pipeline_runs(layout, experiment):
        found = readable_steps(run)
        step = found.get(name)
        if step is None or step.status != COMPLETED or step.run is None or not set(found) <= set(steps):
            continue
        if is_deleted(layout, step):  # an older result could be that of other code
            raise UserError(
                f"The result of step '{name}' is gone: run {step.run} was deleted",
                f"Select the step too, for example pipeline.from_step={name}",
            )
        return step
    raise UserError(f"Step '{name}' has no earlier result", "Run the whole pipeline first")


def is_deleted(layout: Layout, step: StepRecord) -> bool:
    """Return whether the run that holds a step's result was deleted."""
    return step.run is not None and locate(layout, step.run) is None


class StepResults:
    """The results of steps by their key, for all pipelines of a workspace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def lock(self, key: str) -> Path:
        """Return the path of the lock that is held while a step is computed."""
        return self._layout.step_lock(key)

    def begin(self, key: str, record: RunRecord) -> None:
        """Record the run that computes a step from now on.

        A power cut may damage the file. The step is then computed again.
        """
        path = self._layout.step_result(key)
        write_json(path, StepResult(run=record.id, experiment=record.experiment).to_json(), durable=False)

    def find(self, key: str) -> RunRecord | None:
        """Return the run that computed or is computing a step, or None if there is none or it was deleted."""
        try:
            result = read_record(self._layout.step_result(key), StepResult)
            return read_run(self._layout.run(result.experiment, result.run).root)
        except (FileNotFoundError, UserError):  # never computed, or its run was deleted
            return None
