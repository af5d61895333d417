"""Runs one step, or reuses the result of an earlier run if nothing that it depends on has changed."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from runner.config.validation.composition import source_folder
from runner.errors import UserError, as_mistake
from runner.execution.context import RunContext, Stage
from runner.execution.control import request_cancel
from runner.execution.plan import Plan, Step, new_run_id
from runner.io.clock import now
from runner.io.folders import list_files
from runner.io.locks import locked
from runner.layout import Layout, RunLayout
from runner.pipeline import execute
from runner.pipelines.controller.key import key_of, parts_of
from runner.pipelines.controller.left_run import finished
from runner.pipelines.controller.outputs import HandedOn, handed_on
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.planning.references import read_reference
from runner.pipelines.records import StepRecord
from runner.pipelines.store import StepResults
from runner.records import RunRecord
from runner.session import opened
from runner.statuses import CANCELED, COMPLETED, FAILED, RUNNING, TERMINAL
from runner.store.data.hashes import HashCache
from runner.store.data.store import DataStore
from runner.store.runs import FileRunStore

_LOOK = 0.05  # seconds between attempts to take a lock that another pipeline holds

Note = Callable[[StepRecord], None]
"""Records a step's state."""
ParallelStages = Callable[[Step, Plan], Mapping[str, Stage]]
"""Returns the stages of a step that runs over pieces."""


class StepRun:
    """A step that runs in its own thread.

    Parameters
    ----------
    pipeline : str
        The id of the pipeline's run.
    upstream : mapping
        The states of the steps that this step needs, by their names.
    note : callable
        Records the state of the step.
    parallel : callable, optional
        Returns the stages of a step that runs over pieces. None for a step that is itself a piece.
    """

    def __init__(
        self, step: Step, layout: Layout, pipeline: str, upstream: Mapping[str, StepRecord], resources: StepResources,
        note: Note, parallel: ParallelStages | None = None,
    ) -> None:  # fmt: skip
        self._step, self._layout, self._pipeline = step, layout, pipeline
        self._upstream, self._resources, self._note = upstream, resources, note
        self._parallel = parallel
        self._results = StepResults(layout)
        self._context: RunContext | None = None
        self._inputs: dict[str, HandedOn] = {}
        self._ending = ""
        self._guard = threading.Lock()
        self.record = StepRecord(name=step.name, status=RUNNING, needs=step.needs, started=now())

    @property
    def place(self) -> RunLayout | None:
        """The folder of the step's run, or None before the run begins."""
        context = self._context
        return context.run if context is not None else None

    def end(self, reason: str) -> None:
        """Ask the step to end. The second call kills its script."""
        with self._guard:
            again, self._ending = bool(self._ending), self._ending or reason
            context = self._context
        if context is not None:
            if not again:
                request_cancel(context.run, "the pipeline", reason)
            if context.job is not None:
                context.job.cancel(kill=again)

    def carry_out(self) -> StepRecord:
        """Run the step and return its final state. An internal error fails only this step."""
        self._note(self.record)
        try:
            self._carry_out()
        except Exception as error:  # noqa: BLE001 - it is recorded, and printed unless it is the user's mistake
            mistake = as_mistake(error)
            if mistake is None:
                traceback.print_exc()
            self._end_as(FAILED, str(mistake or f"internal error: {type(error).__name__}: {error}"))
        return self.record

    def _carry_out(self) -> None:
        plan = self._step.plan
        self._inputs = inputs = self._fill_inputs(plan)
        if plan.steps:  # a pipeline, whose steps are reused one by one
            self._run(plan)
            return
        _, context = self._resources.new_run(plan, self._properties(1))
        parts = _parts(context, self._step, inputs)
        key = key_of(parts)
        self.record = dataclasses.replace(self.record, key=key, parts=parts)
        with self._alone(key) as alone:
            if not alone:
                self._end_as(CANCELED, self._ending)
            elif not self._step.reuse or not self._take(key):
                self._run(plan, key)

    def _fill_inputs(self, plan: Plan) -> dict[str, HandedOn]:
        """Set the paths of inputs that are outputs of other steps, and return these outputs by input name."""
        outputs: dict[str, HandedOn] = {}
        for name, settings in plan.spec.data.inputs.items():
            reference = read_reference(settings.step) if settings.step is not None else None
            if reference is not None:
                left_by = FileRunStore(self._layout).read(str(self._upstream[reference.step].run))
                output = handed_on(self._layout, left_by, reference)
                settings.path, settings.step = str(output.path), None
                outputs[name] = output
        return outputs

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[bool]:
        """Wait until no other pipeline is computing the same step. Yields False if this step was asked to end."""
        path = self._results.lock(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        pause = threading.Event()
        while not self._ending:
            with locked(path, blocking=False) as held:
                if held:
                    yield True
                    return
            pause.wait(_LOOK)
        yield False

    def _take(self, key: str) -> bool:
        """Reuse the result of an earlier run; return whether there is one."""
        earlier = self._results.find(key)
        if earlier is not None and earlier.status not in TERMINAL:  # its pipeline's controller was killed
            earlier = finished(self._layout, earlier)
        if earlier is None or earlier.status != COMPLETED or not _is_whole(self._layout, earlier):
            return False
        self.record = dataclasses.replace(self.record, run=earlier.id, reused=True)
        self._end_as(COMPLETED, None)
        return True

    def _run(self, plan: Plan, key: str | None = None) -> None:
        retries = 0 if self._step.parallel else self._step.retries  # a parallel step retries each piece
        for attempt in range(1, retries + 2):
            record = self._attempt(plan, key, attempt)
            if record.status != FAILED or self._ending:
                break
            plan = dataclasses.replace(plan, run_id=new_run_id(plan.experiment))
        self._end_as(record.status, record.error if record.status != COMPLETED else None)

    def _attempt(self, plan: Plan, key: str | None, attempt: int) -> RunRecord:
        record, context = self._resources.new_run(plan, self._properties(attempt))
        context.batch = self._step.batch
        if self._step.parallel:
            assert self._parallel is not None  # noqa: S101 - a piece of a parallel step is not parallel
            context.stages = self._parallel(self._step, plan)
        context.expected_inputs = {name: handed.hash for name, handed in self._inputs.items()}
        with contextlib.ExitStack() as stack:
            if context.stages is None and not stack.enter_context(self._resources.slot(context.compute, self._wanted)):
                return dataclasses.replace(record, status=CANCELED, error=self._ending)
            stack.enter_context(opened(context, record, plan.yaml))
            self.record = dataclasses.replace(self.record, run=record.id, attempt=attempt)
            with self._guard:
                self._context = context
                if self._ending:
                    request_cancel(context.run, "the pipeline", self._ending)
            if key is not None:
                self._results.begin(key, record)
            self._note(self.record)
            return execute(context, record, lambda _word, _seconds: None)

    def _wanted(self) -> bool:
        return not self._ending

    def _properties(self, attempt: int) -> dict[str, str]:
        again = {"attempt": str(attempt)} if attempt > 1 else {}
        return {"pipeline": self._pipeline, "step": self._step.name, **again}

    def _end_as(self, status: str, reason: str | None) -> None:
        self.record = dataclasses.replace(self.record, status=status, reason=reason, ended=now())
        self._note(self.record)


def _parts(context: RunContext, step: Step, inputs: Mapping[str, HandedOn]) -> dict[str, object]:
    """Return what a step depends on. Saves its snapshot and prepares its environment, which steps share."""
    snapshot = context.snapshots.save(source_folder(context.spec, context.base), context.say)
    handle = context.environment.prepare(context.compute.host(), context.say)
    hashes = {name: handed.hash for name, handed in inputs.items()}
    for name, settings in context.spec.data.inputs.items():
        if settings.asset is not None:
            hashes[name] = DataStore(context.layout).resolve(settings.asset).hash
        elif name not in hashes and settings.path is not None:
            hashes[name] = context.inputs.hash_of(name, (context.base / settings.path).expanduser())
    pieces = {
        name: settings
        for name, settings in (("parallel", step.parallel), ("batch", step.batch))
        if settings is not None
    }
    return {**parts_of(context, step.plan, handle, snapshot.hash, hashes), **pieces}


def _is_whole(layout: Layout, record: RunRecord) -> bool:
    """Return whether the files and data assets of a run still exist unchanged."""
    if record.finalize is None:
        return False
    assets = DataStore(layout)
    for reference in record.finalize.data.values():
        try:
            assets.resolve(reference)
        except UserError:  # deleted: the step publishes it again
            return False
    outputs = layout.run(record.experiment, record.id).outputs
    if list_files(outputs) != sorted(output.path for output in record.finalize.outputs):  # links are not listed
        return False
    with HashCache(layout.hashes) as cache:
        return all(_is_same(cache, outputs / output.path, output.sha256) for output in record.finalize.outputs)


def _is_same(cache: HashCache, path: Path, digest: str) -> bool:
    try:
        return cache.hash(path) == digest
    except OSError:
        return False
