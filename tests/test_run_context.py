"""What a run has for itself, and what the steps of a pipeline share."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runner import run_context
from runner.compute.local.compute import LocalCompute, LocalComputeConfig
from runner.config.schema import CurrentEnvironmentConfig, RunSpec
from runner.execution.plan import Plan, Step
from runner.layout import Layout


class Closable(LocalCompute):
    """A local compute that counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        super().close()
        self.closed += 1


def _plan(folder: Path, slots: int, steps: tuple[Step, ...] = ()) -> Plan:
    spec = RunSpec(environment=CurrentEnvironmentConfig(), compute=LocalComputeConfig(slots=slots))
    return Plan(spec, {}, "", "e", f"e-{slots}", Layout(folder), folder, steps=steps)


def test_the_computes_of_steps_are_closed_with_their_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Closable] = []

    def make(config: Any, _base: Path, **_options: Any) -> Closable:
        made.append(Closable(config.slots))
        return made[-1]

    monkeypatch.setattr(run_context, "make_compute", make)
    steps = [_plan(tmp_path, slots) for slots in (1, 2, 3, 2)]
    plan = _plan(tmp_path, 1, tuple(Step(f"s{number}", step) for number, step in enumerate(steps)))
    closing = ExitStack()
    resources = run_context.make_step_resources(tmp_path, shared := Closable(1), repr(plan.spec.compute), 1, closing)
    used = [resources.new_run(step, {})[1].compute for step in steps]
    assert used[0] is shared and used[1] is used[3] and [one.slots for one in made] == [2, 3]
    closing.close()
    assert [one.closed for one in made] == [1, 1] and shared.closed == 0


def test_a_run_closes_its_own_compute_only(tmp_path: Path) -> None:
    plan, shared = _plan(tmp_path, 1), Closable(1)
    record = run_context.new_record(plan)
    context = run_context.make_context(plan.spec, plan.layout, record, tmp_path, say=print, compute=shared)
    context.closing.close()
    assert shared.closed == 0
