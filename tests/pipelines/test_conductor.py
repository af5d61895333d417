"""Any graph of steps, any of which may fail: order, states and reasons are right, and no step begins twice."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.config.pipeline_settings import PipelineConfig
from runner.execution.plan import Step
from runner.io.clock import now
from runner.io.files import append_json_line
from runner.io.json_records import read_lines
from runner.layout import Layout
from runner.pipelines.controller import conductor
from runner.pipelines.controller.step_run import Note
from runner.pipelines.planning.graph import chosen, in_order
from runner.pipelines.records import StepRecord
from runner.pipelines.store import read_steps
from runner.records import FinalizeRecord, MetricLine, RunRecord
from runner.statuses import COMPLETED, FAILED
from runner.store.runs import FileRunStore

ANY: Any = SimpleNamespace()


class Work:
    """Steps without scripts: each one ends as is told, and what goes on at the same time is counted."""

    def __init__(self, failing: set[str], runs: dict[str, str] | None = None) -> None:
        self.failing, self.begun, self.ended, self.runs = failing, list[str](), list[str](), runs or {}
        self.most = self._going = 0
        self._guard = threading.Lock()

    def step_run(
        self, step: Step, _layout: Any, _pipeline: str, _upstream: Any, _resources: Any, note: Note, *_: Any
    ) -> Any:
        status = FAILED if step.name in self.failing else COMPLETED
        record = StepRecord(name=step.name, status=status, needs=step.needs, run=self.runs.get(step.name))

        def carry_out() -> StepRecord:
            with self._guard:
                assert all(need in self.ended for need in step.needs), f"{step.name} began too early"
                self.begun.append(step.name)
                self._going += 1
                self.most = max(self.most, self._going)
            with self._guard:
                self._going -= 1
                self.ended.append(step.name)
            note(record)
            return record

        return SimpleNamespace(carry_out=carry_out, end=lambda _reason: None, place=None)


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[tuple[Step, ...], set[str]]:
    names = [f"s{number}" for number in range(draw(st.integers(1, 10)))]
    needs = {
        name: tuple(draw(st.lists(st.sampled_from(names[:number]), unique=True, max_size=3))) if number else ()
        for number, name in enumerate(names)
    }
    failing = draw(st.sets(st.sampled_from(names), max_size=3))
    return tuple(Step(name, ANY, needs[name]) for name in in_order(needs)), failing


def _run(folder: Path, steps: tuple[Step, ...], work: Work, monkeypatch: pytest.MonkeyPatch, **given: Any) -> Any:
    layout = Layout(folder)
    run = layout.run("p", f"p-{len(list(folder.glob('runs/p/*')))}")
    run.root.mkdir(parents=True)
    said: list[str] = []
    context: Any = SimpleNamespace(
        spec=SimpleNamespace(pipeline=PipelineConfig(**given)),
        steps=steps, layout=layout, run=run, runs=FileRunStore(layout), say=said.append,
    )  # fmt: skip
    monkeypatch.setattr(conductor, "StepRun", work.step_run)
    result = conductor.StepsConductor(context, ANY_RECORD, ANY).run()
    return result, read_steps(run), said


ANY_RECORD: Any = SimpleNamespace(id="p-1")
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def _below(steps: tuple[Step, ...], failing: set[str]) -> set[str]:
    """Return the steps that cannot begin, because one that they need did not complete."""
    blocked: set[str] = set()
    for step in steps:
        if any(need in failing or need in blocked for need in step.needs):
            blocked.add(step.name)
    return blocked


@RELAXED
@given(pipelines(), st.none() | st.integers(1, 4))
def test_with_continue_everything_that_can_is_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[tuple[Step, ...], set[str]], limit: int | None
) -> None:
    steps, failing = made
    work, skipped = Work(failing), _below(*made)
    result, states, said = _run(tmp_path, steps, work, monkeypatch, continue_on_step_failure=True, max_concurrent=limit)
    assert sorted(work.begun) == sorted({step.name for step in steps} - skipped)
    assert work.most <= (limit or len(steps))
    failed = failing - skipped
    assert {name: state.status for name, state in states.items()} == {
        step.name: "skipped" if step.name in skipped else "failed" if step.name in failed else "completed"
        for step in steps
    }
    assert all(states[name].reason == "a step that it needs did not complete" for name in skipped)
    assert result.status == ("failed" if failed else "completed")
    assert len(said) == len(steps)


@RELAXED
@given(pipelines())
def test_without_it_nothing_begins_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[tuple[Step, ...], set[str]]
) -> None:
    steps, failing = made
    work = Work(failing)
    result, states, _ = _run(tmp_path, steps, work, monkeypatch, max_concurrent=1)
    order = [step.name for step in steps]
    first = min((order.index(name) for name in failing), default=len(order))
    assert work.begun == order[: first + 1]  # one at a time, in their order
    assert {states[name].status for name in order[first + 1 :]} <= {"skipped"}
    assert (result.status == "failed") == bool(failing)
    assert set(states) == set(order)


@RELAXED
@given(pipelines(), st.data())
def test_steps_that_were_not_asked_for_take_their_earlier_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[tuple[Step, ...], set[str]], data: st.DataObject
) -> None:
    steps, _ = made
    needs = {step.name: step.needs for step in steps}
    only = data.draw(st.sets(st.sampled_from(sorted(needs)), min_size=1))
    selected = chosen(needs, sorted(only), None)
    monkeypatch.setattr(
        conductor, "earlier_step", lambda _layout, _experiment, name, _steps: StepRecord(name=name, status=COMPLETED)
    )
    work = Work(set())
    work.ended += sorted(set(needs) - selected)  # earlier
    chosen_steps = tuple(dataclasses.replace(step, asked=step.name in selected) for step in steps)
    result, states, _ = _run(tmp_path, chosen_steps, work, monkeypatch)
    assert result.status == "completed" and sorted(work.begun) == sorted(selected)
    needed = {need for name in selected for need in needs[name]}
    for name in set(needs) - selected:
        assert states[name].reused if name in needed else states[name].status == "skipped"


def test_two_hundred_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tuple(Step(f"s{number}", ANY, (f"s{number - 20}",) if number >= 20 else ()) for number in range(200))
    work = Work(set())
    result, states, _ = _run(tmp_path, steps, work, monkeypatch)
    assert result.status == "completed" and len(states) == len(work.begun) == 200


@pytest.mark.parametrize("failing", [set(), {"a"}], ids=["completed", "failed"])
def test_what_a_step_logged_last_is_copied_however_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: set[str]
) -> None:
    layout = Layout(tmp_path)
    run = RunRecord(
        id="q-1", experiment="q", status=FAILED, created=now(), finalize=FinalizeRecord(metrics={"loss": 1, "f1": 0.5})
    )
    FileRunStore(layout).create(run)
    for value in (3, 2, 1):
        append_json_line(layout.run("q", "q-1").metrics, {"name": "loss", "value": value})
    _run(tmp_path, (Step("a", ANY),), Work(failing, {"a": "q-1"}), monkeypatch)
    copied = [(line["name"], line["value"]) for line in read_lines(layout.run("p", "p-0").metrics, MetricLine)]
    assert copied == [("a.loss", 3), ("a.loss", 2), ("a.loss", 1), ("a.f1", 0.5)]
