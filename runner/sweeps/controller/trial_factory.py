"""Creates the plans and contexts of trials. Plans the first trials while the compute scales up."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from runner.execution.assets import AssetVersions
from runner.execution.context import RunContext
from runner.execution.plan import Plan
from runner.execution.shared import Shared
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.controller.stages import stages_of
from runner.ports.compute import Compute
from runner.ports.say import Say
from runner.records import RunRecord, ScaleRecord
from runner.sweeps.composing.composer import Composer
from runner.sweeps.controller.final import FINAL, has_final_run
from runner.sweeps.controller.prefetch import always_run, made_ready

if TYPE_CHECKING:
    from runner.sweeps.controller.request import Context, Order

_ALL_AHEAD = 200  # lists of up to this many trials are planned completely before the first trial starts
_LISTS = ("grid", "list")  # searches whose trials are known from the start


class Work:
    """Plans and contexts of one sweep's trials. The compute starts to scale immediately.

    Parameters
    ----------
    order : Order
        The sweep.
    context : Context
        The command line's context.
    versions : AssetVersions
        The versions of data assets that the trials have.
    """

    def __init__(self, order: Order, context: Context, versions: AssetVersions) -> None:
        from omegaconf import OmegaConf

        self._order, self._context = order, context
        self._composer = self._make_composer(_settings(order), versions)
        self._versions = versions
        self._shared, self._guard = Shared(), threading.Lock()
        self._resources = StepResources(self.new_run, self._context_of)
        self._computes: dict[str, Compute] = {}
        self.say: Say = print
        self._ahead: dict[tuple[str, ...], Plan] = {}
        self._is_ready, self._closing = False, ExitStack()
        self._first = self._compute(OmegaConf.to_object(order.master.compute))
        self._scaled: Future[ScaleRecord] = Future()
        threading.Thread(target=_scale, args=(self._first, self._scaled), name="scales", daemon=True).start()

    @property
    def slots(self) -> int:
        """The current number of concurrent trials; waits until the compute has scaled.

        Raises
        ------
        UserError
            If it cannot scale.
        """
        self._scaled.result()
        search, available = self._order.search, self._first.slots
        wanted = self._order.settings.max_concurrent or available
        return max(1, min(wanted, search.total or wanted))

    def plan_ahead(self) -> None:
        """Plan trials of a known list until the compute has scaled, or all of a short list.

        Mistakes in these trials are found before anything starts. The compute prepares for the first trial.

        Raises
        ------
        UserError
            If one of them is invalid.
        """
        search = self._order.search
        if search.total is None or self._order.name not in _LISTS:
            return
        minimum = search.total if search.total <= _ALL_AHEAD else 1
        for number in range(search.total):
            if number >= minimum and self._scaled.done():
                break
            suggestion = search.ask(number)
            if suggestion is not None:
                self._ahead[suggestion.overrides] = self._composer.plan(suggestion.overrides)
            if self._scaled.done():
                self._get_ready()
        self._get_ready()

    def _get_ready(self) -> None:
        """Let the compute prepare for what all trials run, once the first two are planned."""
        plans = list(itertools.islice(self._ahead.values(), 2))
        if self._is_ready or len(plans) < 2:
            return
        self._is_ready = True
        shared = always_run(*plans)
        if shared is not None:
            record, run_context = self.new_run(shared, {})
            self._closing.enter_context(made_ready(run_context, record))

    def plan(self, overrides: tuple[str, ...]) -> Plan:
        """Return the plan of a new run."""
        return self._ahead.pop(overrides, None) or self._composer.plan(overrides)

    def final_plan(self, overrides: tuple[str, ...]) -> Plan:
        """Return the plan of the run that completes what a trial of a declared training has begun."""
        return self._make_composer({"detach": False}, self._versions).plan(overrides)

    def _make_composer(self, settings: dict[str, Any], versions: AssetVersions) -> Composer:
        order = self._order
        return Composer(order.loader, order.master, order.shared, self._context.base, settings, versions)

    def new_run(self, plan: Plan, properties: Mapping[str, Any]) -> tuple[RunRecord, RunContext]:
        """Return the record and the context of a trial's run."""
        compute = self._compute(plan.spec.compute)
        record, run_context = self._context.new_run(plan, compute)
        scaled = self._scaled.result() if compute is self._first else None  # others are prepared as their trials start
        record = dataclasses.replace(
            record, properties={**record.properties, **properties}, scale=None if plan.steps else scaled
        )
        return record, dataclasses.replace(
            self._shared.between(run_context),
            at_a_time=self.slots,
            say=_quiet if plan.steps else self.say,
            show_output=False,
            stages=stages_of(self._resources) if plan.steps else None,
        )

    def _context_of(self, plan: Plan, record: RunRecord) -> RunContext:
        _, run_context = self._context.new_run(plan, self._compute(plan.spec.compute))
        return dataclasses.replace(run_context, run=plan.layout.run(record.experiment, record.id))

    def _compute(self, config: Any) -> Compute:
        key = repr(config)
        with self._guard:  # steps of pipelines begin in threads
            if key not in self._computes:
                self._computes[key] = self._context.make_compute(config)
            return self._computes[key]

    def close(self) -> None:
        """Release cached resources."""
        for compute in self._computes.values():
            compute.close()
        self._closing.close()


def _quiet(_line: str) -> None:
    """Ignore a line of a pipeline's step. The trial's own record has it."""


def _scale(compute: Compute, scaled: Future[ScaleRecord]) -> None:
    try:
        scaled.set_result(compute.scale())
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        scaled.set_exception(error)


def _settings(order: Order) -> dict[str, Any]:
    """Return the settings that override those of every trial."""
    stages = [stage for stage in order.master.stages if stage != "deploy"]
    if order.master.model.register != "all":
        stages = [stage for stage in stages if stage != "register"]
    settings: dict[str, Any] = {"stages": stages, "detach": False}
    if has_final_run(order.master):
        settings[FINAL] = False
    if order.settings.trial_timeout is not None:
        settings["job.timeout"] = order.settings.trial_timeout
    return settings
