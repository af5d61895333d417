"""Starts each step when the steps it needs have completed. Every change of state is recorded immediately."""

from __future__ import annotations

import dataclasses
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from runner.console.format import clean
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.control import cancel_reason
from runner.execution.interrupts import counted
from runner.execution.plan import Step
from runner.io.clock import now, seconds_between
from runner.pipelines.controller.left_run import finished
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.controller.step_metrics import StepMetrics
from runner.pipelines.controller.step_run import ParallelStages, StepRun
from runner.pipelines.planning.graph import taken
from runner.pipelines.records import SKIPPED, StepRecord
from runner.pipelines.store import append_step, earlier_step, is_deleted, read_steps
from runner.records import ResultRecord, RunRecord
from runner.statuses import CANCELED, COMPLETED, FAILED, RUNNING, TERMINAL

_TICK = 0.1  # seconds between checks for a cancel request


class StepsConductor:
    """Runs the steps of one pipeline.

    Parameters
    ----------
    context : RunContext
        The context of the pipeline's run.
    record : RunRecord
        The record of the pipeline's run.
    resources : StepResources
        Creates the runs of steps and shares the computes' slots among them.
    parallel : callable, optional
        Returns the stages of steps that run over pieces.
    """

    def __init__(
        self, context: RunContext, record: RunRecord, resources: StepResources, parallel: ParallelStages | None = None
    ) -> None:
        assert context.spec.pipeline is not None  # noqa: S101 - the context is a pipeline's
        self._context, self._resources, self._run_id = context, resources, record.id
        self._settings, self._parallel = context.spec.pipeline, parallel
        self._steps = {step.name: step for step in context.steps}
        self._metrics = StepMetrics(context.run)
        self._states: dict[str, StepRecord] = {}
        self._running: dict[str, tuple[StepRun, Future[StepRecord]]] = {}
        self._interrupts = self._handled_interrupts = 0
        self._ending: str | None = None

    def run(self) -> ResultRecord:
        """Run the steps and return the result of the pipeline.

        Raises
        ------
        UserError
            If a step that is needed, but not selected, has no earlier result, or its run was deleted.
        KeyboardInterrupt
            After Ctrl-C, when all steps have ended.
        """
        started = now()
        self._take_earlier()
        with counted(self._count), ThreadPoolExecutor(max(1, len(self._steps)), "step") as pool:
            while self._turn(pool):
                continue
        if self._interrupts:
            raise KeyboardInterrupt
        return self._result(started)

    def _count(self) -> None:
        self._interrupts += 1

    def _take_earlier(self) -> None:
        """Reuse the results of an interrupted attempt, and of earlier pipelines for steps that are not selected."""
        for name, recorded in read_steps(self._context.run).items():
            if recorded.status == COMPLETED and name in self._steps:
                self._keep(recorded)
            elif recorded.status not in TERMINAL and recorded.run is not None:
                self._settle_left(recorded)
        needed = taken(self._steps.values())
        for name, step in self._steps.items():
            if step.asked or name in self._states:
                continue
            if name not in needed:
                self._note(StepRecord(name=name, status=SKIPPED, needs=step.needs, reason="not asked for"))
                continue
            earlier = earlier_step(self._context.layout, self._context.run.root.parent.name, name, self._steps)
            self._note(dataclasses.replace(earlier, reused=True, needs=step.needs, started=now(), ended=now()))

    def _keep(self, step: StepRecord) -> None:
        """Reuse a result of an interrupted attempt, unless its run was deleted."""
        if not is_deleted(self._context.layout, step):
            self._states[step.name] = step
        elif self._steps[step.name].asked:
            self._context.say(f"{step.name}: run {step.run} was deleted, so the step is computed again")

    def _settle_left(self, step: StepRecord) -> None:
        """Wait for the run of a step whose controller was killed. A completed run is the result of the step."""
        try:
            record = self._context.runs.read(str(step.run))
        except UserError:  # the run had not begun
            return
        record = finished(self._context.layout, record)
        if record.status == COMPLETED and step.name in self._steps:
            self._note(dataclasses.replace(step, status=COMPLETED, ended=record.ended))

    def _turn(self, pool: ThreadPoolExecutor) -> bool:
        """Run one iteration of the loop; return whether anything is left to do."""
        self._check_cancellation()
        self._log_metrics()
        for name in self._ready():
            self._begin(pool, self._steps[name])
        if not self._running:
            self._skip_others()
            return False
        done, _ = wait([work for _, work in self._running.values()], _TICK, FIRST_COMPLETED)
        for name in [name for name, (_, work) in self._running.items() if work in done]:
            _, work = self._running.pop(name)
            self._states[name] = work.result()
            self._settle(self._states[name])
        return True

    def _check_cancellation(self) -> None:
        """Ask the running steps to end: once for each Ctrl-C, and once for a request to cancel."""
        while self._handled_interrupts < self._interrupts:
            self._handled_interrupts += 1
            self._end("Ctrl-C")
        if self._ending is None and self._context.run.cancel.exists():
            self._end(cancel_reason(self._context.run) or CANCELED)

    def _log_metrics(self) -> None:
        """Copy what the running steps log to the metrics of the pipeline."""
        for name, (run, _) in self._running.items():
            if run.place is not None:
                self._metrics.follow(name, run.place)

    def _end(self, reason: str) -> None:
        self._ending = self._ending or reason
        for run, _ in self._running.values():
            run.end(reason)

    def _ready(self) -> list[str]:
        """Return the steps that can start now."""
        if self._ending is not None or (self._problem() and not self._settings.continue_on_step_failure):
            return []
        room = (self._settings.max_concurrent or len(self._steps)) - len(self._running)
        ready = [
            name
            for name, step in self._steps.items()
            if name not in self._states
            and name not in self._running
            and all(self._is_completed(need) for need in step.needs)
        ]
        return ready[: max(0, room)]

    def _is_completed(self, name: str) -> bool:
        return name in self._states and self._states[name].status == COMPLETED

    def _problem(self) -> str | None:
        """Return why the pipeline fails, or None while no step has failed."""
        failed = (step for step in self._states.values() if step.status in (FAILED, CANCELED))
        first = next(failed, None)
        return f"step {first.name} {first.status}: {first.reason}" if first is not None else None

    def _begin(self, pool: ThreadPoolExecutor, step: Step) -> None:
        upstream = {name: self._states[name] for name in step.needs}
        run = StepRun(step, self._context.layout, self._run_id, upstream, self._resources, self._append, self._parallel)
        self._running[step.name] = (run, pool.submit(run.carry_out))

    def _skip_others(self) -> None:
        for name, step in self._steps.items():
            if name not in self._states:
                why = self._ending or "a step that it needs did not complete"
                self._note(StepRecord(name=name, status=SKIPPED, needs=step.needs, reason=why))

    def _append(self, step: StepRecord) -> None:
        append_step(self._context.run, step)

    def _note(self, step: StepRecord) -> None:
        self._append(step)
        self._states[step.name] = step
        self._settle(step)

    def _settle(self, step: StepRecord) -> None:
        """Print how a step ended, and log the rest of its metrics, also those of a failed step."""
        self._context.say(line_of(step))
        if step.run is None:
            return
        record = self._context.runs.read(step.run)
        if not step.reused:
            self._metrics.follow(step.name, self._context.layout.run(record.experiment, record.id))
        self._metrics.settle(step.name, record.finalize.metrics if record.finalize else {})

    def _result(self, started: str) -> ResultRecord:
        status, reason = COMPLETED, None
        if self._ending is not None:
            status, reason = CANCELED, self._ending
        elif problem := self._problem():
            status, reason = FAILED, problem
        ended = now()
        return ResultRecord(
            status=status, reason=reason, started=started, ended=ended, duration=seconds_between(started, ended)
        )


def line_of(step: StepRecord) -> str:
    """Return the console line of a step: its name, its status, and its duration or the reason."""
    if step.reused:
        return f"{step.name}: reused from {step.run}"
    took = f" in {seconds_between(step.started, step.ended):.2f} s" if step.started and step.ended else ""
    if step.status in (RUNNING, COMPLETED):
        return f"{step.name}: {step.status}{took}"
    why = f": {clean(step.reason)}" if step.reason else ""
    return f"{step.name}: {step.status}{why}"
