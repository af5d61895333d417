"""Explains why a step of a pipeline was computed, or why its earlier result was reused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.errors import UserError
from runner.io.json_records import read_record
from runner.layout import Layout
from runner.pipelines.records import StepRecord
from runner.pipelines.store import pipeline_runs, read_steps, readable_steps
from runner.records import ManifestRecord, RunRecord
from runner.statuses import COMPLETED
from runner.store.runs import FileRunStore

_SHOWN = 10
_VALUES = {
    "arguments": "Argument",
    "variables": "Variable",
    "outputs": "Declaration",
    "filenames": "File name of input",
    "parallel": "Parallel setting",
    "batch": "Batch setting",
}


def why(layout: Layout, pipeline: RunRecord, name: str) -> list[str]:
    """Return why a step was computed or reused, with one line for each change since it was last computed.

    Parameters
    ----------
    pipeline : RunRecord
        The run of the pipeline.
    name : str
        The step's name.

    Raises
    ------
    UserError
        If the step has not begun.
    """
    step = read_steps(layout.run(pipeline.experiment, pipeline.id)).get(name)
    if step is None or step.key is None:
        raise UserError(f"Step '{name}' has not started, so its dependencies are not known yet")
    if step.reused:
        return [f"Nothing that it depends on has changed since run {step.run}, so its result was reused"]
    earlier = _earlier(layout, pipeline, step)
    if earlier is None:
        return ["It was not computed before"]
    if earlier.key == step.key:
        return [f"Nothing has changed since run {earlier.run}. {_unused(layout, pipeline, earlier)}"]
    return list(_changes(layout, earlier, step)) or ["The order of its arguments changed"]


def _earlier(layout: Layout, pipeline: RunRecord, step: StepRecord) -> StepRecord | None:
    """Return the newest earlier state of the step that has a key."""
    for run in pipeline_runs(layout, pipeline.experiment):
        try:
            record = FileRunStore(layout).read(run.root.name)
        except UserError:  # one damaged record must not hide the others
            continue
        if record.created >= pipeline.created:
            continue
        found = readable_steps(run).get(step.name)
        if found is not None and found.key is not None and found.status == COMPLETED:
            return found
    return None


def _unused(layout: Layout, pipeline: RunRecord, earlier: StepRecord) -> str:
    settings = pipeline.part("pipeline")
    if settings.get("force"):
        return "It was computed again because of pipeline.force=true"
    steps = settings.get("steps")
    step_settings = steps.get(earlier.name) if isinstance(steps, Mapping) else None
    if isinstance(step_settings, Mapping) and step_settings.get("reuse") is False:
        return "It was computed again because of reuse: false"
    try:
        FileRunStore(layout).read(str(earlier.run))
    except UserError:
        return "That run was deleted"
    return "The files that it had left were changed or removed"


def _changes(layout: Layout, before: StepRecord, now: StepRecord) -> Iterator[str]:
    old, new = before.parts, now.parts
    if old.get("source") != new.get("source"):
        yield from _files(layout, str(old.get("source")), str(new.get("source")))
    for part in ("script", "command"):
        if old.get(part) != new.get(part):
            yield f"The {part} was {old.get(part)} and is {new.get(part)}"
    for part, what in _VALUES.items():
        yield from _values(what, old.get(part), new.get(part))
    if old.get("secrets") != new.get("secrets"):
        yield "A secret value of its command or variables changed"
    if old.get("environment") != new.get("environment"):
        yield from _packages(layout, before, now)
    for name in sorted({**_mapping(old.get("inputs")), **_mapping(new.get("inputs"))}):
        if _mapping(old.get("inputs")).get(name) != _mapping(new.get("inputs")).get(name):
            yield f"The content of input {name} changed"


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return dict(enumerate(value)) if isinstance(value, list | tuple) else {}  # type: ignore[arg-type]


def _values(what: str, old: Any, new: Any) -> Iterator[str]:
    before, now = _mapping(old), _mapping(new)
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            yield f"{what} {name} was {before.get(name)} and is {now.get(name)}"


def _files(layout: Layout, old: str, new: str) -> Iterator[str]:
    """Name the files of the source that differ."""
    try:
        before, now = (read_record(layout.snapshot(key) / "manifest.json", ManifestRecord).files for key in (old, new))
    except (FileNotFoundError, UserError):
        yield "The source changed"
        return
    changed = sorted(name for name in {**before, **now} if before.get(name) != now.get(name))
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    yield f"The source changed: {', '.join(changed[:_SHOWN])}{more}"


def _packages(layout: Layout, before: StepRecord, now: StepRecord) -> Iterator[str]:
    """Name the packages of the environment that differ."""
    try:
        runs = [FileRunStore(layout).read(str(step.run)) for step in (before, now)]
    except UserError:
        runs = []
    environments = [run.prepare.environment for run in runs if run.prepare is not None]
    if len(environments) < 2:
        yield "The environment changed"
        return
    old, new = environments[0].packages, environments[1].packages
    changed = [f"{name} {old.get(name, 'absent')} to {new.get(name, 'absent')}" for name in sorted({**old, **new})
               if old.get(name) != new.get(name)]  # fmt: skip
    if environments[0].python_version != environments[1].python_version:
        changed.insert(0, f"Python {environments[0].python_version} to {environments[1].python_version}")
    yield f"The environment changed: {', '.join(changed[:_SHOWN])}" if changed else "The environment changed"
