"""Collects the inputs of the steps before a step, so that a model's record lists all the data it depends on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from runner.layout import Layout, RunLayout
from runner.pipelines.records import StepRecord
from runner.pipelines.store import read_steps
from runner.records import InputRecord
from runner.store.runs import FileRunStore


def inputs_before(layout: Layout, run: RunLayout, name: str) -> dict[str, InputRecord]:
    """Return the inputs of all steps that a step depends on, directly or through others.

    Parameters
    ----------
    run : RunLayout
        The pipeline's run.
    name : str
        The step.

    Returns
    -------
    dict
        The record of each input by ``STEP.INPUT``, or ``STEP.STEP.INPUT`` for a step that is itself a pipeline.
    """
    steps = read_steps(run)
    return _inputs_of(layout, steps, _needed_by(steps, name))


def _needed_by(steps: Mapping[str, StepRecord], name: str) -> set[str]:
    ancestors: set[str] = set()
    left = [name]
    while left:
        step = steps.get(left.pop())
        new = set(step.needs if step is not None else ()) - ancestors
        ancestors |= new
        left += new
    return ancestors


def _inputs_of(layout: Layout, steps: Mapping[str, StepRecord], names: Collection[str]) -> dict[str, InputRecord]:
    collected: dict[str, InputRecord] = {}
    for name, step in steps.items():
        if name not in names or step.run is None:
            continue
        record = FileRunStore(layout).read(step.run)
        below = read_steps(layout.run(record.experiment, record.id))
        inputs = _inputs_of(layout, below, below) if below else record.prepare.inputs if record.prepare else {}
        collected |= {f"{name}.{key}": input_record for key, input_record in inputs.items()}
    return collected
