"""Runs a sweep on behalf of Hydra's plugins."""

from __future__ import annotations

import dataclasses
import gc
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.execution.announcement import announce
from runner.execution.assets import AssetVersions
from runner.execution.plan import layout_of, new_run_id
from runner.io.clock import now
from runner.io.files import write_text
from runner.io.locks import locked
from runner.io.names import name_from
from runner.layout import Layout
from runner.statuses import CANCELED, COMPLETED, RUNNING
from runner.sweeps.composing.secrets import masked_space, of_sweep
from runner.sweeps.controller.conductor import Conductor, Dependencies, Limits
from runner.sweeps.controller.final import has_final_run, train_best
from runner.sweeps.controller.request import Context, Order
from runner.sweeps.controller.resume import resumed
from runner.sweeps.controller.trial_factory import Work
from runner.sweeps.controller.winner import register_best
from runner.sweeps.display.page import write_page
from runner.sweeps.records import SweepRecord, TrialRecord
from runner.sweeps.store import SweepStore

if TYPE_CHECKING:
    from omegaconf import DictConfig

FAILED_SWEEP, INTERRUPTED = 2, 130


def conduct(order: Order, context: Context, earlier: SweepRecord | None = None) -> SweepRecord:
    """Run or resume a sweep, and store its exit code in the context.

    Raises
    ------
    UserError
        If it cannot start.
    """
    layout = layout_of(order.master.workspace.root, context.base)
    store = SweepStore(layout)
    sweep = earlier or _new_record(order)
    versions = AssetVersions(layout.root, sweep.assets)  # a resumed sweep keeps them, even if an alias was moved
    work = Work(order, context, versions)
    notice = layout.create(order.master.workspace.shared)
    if notice is not None:
        work.say(notice)
    with ExitStack() as stack:
        stack.callback(work.close)
        if earlier is None:
            work.plan_ahead()
        slots = work.slots  # fails here if the compute is unavailable, before anything is written
        if earlier is None:
            sweep = dataclasses.replace(sweep, assets=versions.known(layout.root))
            store.create(sweep)
            write_text(layout.sweep(sweep.id).config, _shared_yaml(order))
        stack.enter_context(held(layout, sweep.id))
        announce(layout.sweep(sweep.id).root)
        again: tuple[TrialRecord, ...] = ()
        if earlier is not None:
            sweep, again = resumed(layout, store, sweep, order.search, context.finished)
        sweep = dataclasses.replace(sweep, slots=slots, total=order.search.total, state=RUNNING, ended=None)
        watcher = context.watcher(layout)
        work.say = watcher.say
        dependencies = Dependencies(
            layout, store, order.search, order.policy, watcher, work.plan, work.new_run, lambda: work.slots,
            lambda: versions.known(layout.root),
        )  # fmt: skip
        settings = order.settings
        limits = Limits(settings.max_trials, settings.max_failures, settings.timeout)
        gc.freeze()
        gc.enable()  # the command line turned it off for composing
        sweep = Conductor(sweep, dependencies, limits, again).run()
        if has_final_run(order.master):
            sweep = train_best(sweep, work, watcher.say)
        else:
            reopen = context.reopen
            sweep = register_best(sweep, list(order.master.stages), lambda run: reopen(layout, run), watcher.say)
        store.write(sweep)
        write_page(sweep, layout.sweep(sweep.id).page)
        watcher.end(sweep)
    context.codes.append(_code(sweep))
    return sweep


def _shared_yaml(order: Order) -> str:
    """Return the shared composition as YAML, without Hydra's own settings and with secrets masked."""
    from runner.config.composition import dump_yaml

    return dump_yaml(of_sweep(_plain(order.master), order.space).written)


def _plain(master: DictConfig) -> dict[str, Any]:
    """Return a composition as plain data without Hydra's own settings, with interpolations as written."""
    from omegaconf import OmegaConf

    from runner.config.composition import as_plain

    return as_plain(OmegaConf.masked_copy(master, [str(key) for key in master if key != "hydra"]))


def _code(sweep: SweepRecord) -> int:
    if sweep.state == CANCELED:
        return INTERRUPTED
    return 0 if sweep.state == COMPLETED else FAILED_SWEEP


def _new_record(order: Order) -> SweepRecord:
    master = order.master
    experiment = master.experiment_name or name_from(master.hydra.runtime.choices.get("experiment") or "", "sweep")
    hidden = of_sweep(_plain(master), order.space)
    return SweepRecord(
        id=new_run_id(str(experiment)),
        experiment=str(experiment),
        state=RUNNING,
        created=now(),
        search=order.name,
        command=(*_switches(master), *map(hidden.override, order.shared)),
        arguments=tuple(map(hidden.override, order.arguments)),
        config=hidden.written,
        space=masked_space(order.space),
        objectives=order.objectives,
        policy=dict(order.settings.early_termination),
        total=order.search.total,
    )


def _switches(master: DictConfig) -> tuple[str, ...]:
    """Return the typed switches for configuration folders, for commands to copy."""
    folders = [source.path for source in master.hydra.runtime.config_sources if source.provider == "command-line"]
    paths = [word for word in master.hydra.overrides.hydra if word.startswith("hydra.searchpath")]
    return (*(word for folder in folders for word in ("--config-dir", folder)), *paths)


def held(layout: Layout, sweep_id: str) -> ExitStack:
    """Hold the lock of a sweep.

    Raises
    ------
    UserError
        If another process holds it, naming that process.
    """
    place, stack = layout.sweep(sweep_id), ExitStack()
    if not stack.enter_context(locked(place.lock, blocking=False)):
        stack.close()
        holder = place.lock.read_text().strip() or "another process"
        raise UserError(f"Sweep {sweep_id} is already being run by {holder}", f"To watch it: vivero sweep {sweep_id}")
    place.lock.write_text(f"process {os.getpid()} on {os.uname().nodename}\n")
    place.cancel.unlink(missing_ok=True)
    return stack
