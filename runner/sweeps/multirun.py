"""From Hydra's multirun to a sweep: what its plugins, which are shells, hand over to."""

from __future__ import annotations

import dataclasses
import gc
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.bench import Bench
from runner.clock import now
from runner.errors import UserError
from runner.files import locked, write_text
from runner.layout import Layout
from runner.plan import Plan, layout_of, new_run_id
from runner.ports import Compute, Say
from runner.records import CANCELED, COMPLETED, RUNNING, RunRecord
from runner.sweeps.ahead import made_ready
from runner.sweeps.compose import Composer
from runner.sweeps.conductor import Conductor, Hands, Limits
from runner.sweeps.page import write_page
from runner.sweeps.ports import Policy, Search, Watcher
from runner.sweeps.records import SweepRecord, TrialRecord
from runner.sweeps.resume import resumed
from runner.sweeps.shared import Shared
from runner.sweeps.store import SweepStore
from runner.sweeps.winner import register_best

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig

# Each trial gets its share of the cores, unless the user has set these.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
_PLANNED_AHEAD = 200  # trials of a known list, so that a mistake in the last is found before the first begins
FAILED_SWEEP, INTERRUPTED = 2, 130


@dataclass
class Context:
    """What the command line sets up before Hydra is asked. Hydra hands nothing through to its plugins.

    Parameters
    ----------
    base : Path
        The folder the command was typed in.
    new_run : callable
        From a plan to the record and the bench of a run that is about to begin.
    reopen : callable
        From a workspace and a run's id to its record and bench.
    reconcile : callable
        From a workspace and a run's record to its true record.
    make_compute : callable
        From the settings of a compute to it, its interpreters kept warm.
    watcher : callable
        Makes what shows a person how it goes.
    codes : list of int
        The exit code of each sweep that has ended.
    """

    base: Path
    new_run: Callable[[Plan], tuple[RunRecord, Bench]]
    reopen: Callable[[Layout, str], tuple[RunRecord, Bench]]
    reconcile: Callable[[Layout, RunRecord], RunRecord]
    make_compute: Callable[[Any], Compute]
    watcher: Callable[[Layout], Watcher]
    codes: list[int] = field(default_factory=list)


context: Context | None = None


@dataclass(frozen=True)
class Order:
    """A sweep as it was asked for.

    Parameters
    ----------
    master : DictConfig
        The composition of the words that all trials share.
    shared : tuple of str
        These words.
    arguments : tuple of str
        All words, as typed.
    name : str
        The search's.
    space : mapping
        What each parameter may be, as plain data.
    settings : SweepConfig
        The composition's ``sweep``.
    """

    loader: ConfigLoader
    master: DictConfig
    shared: tuple[str, ...]
    arguments: tuple[str, ...]
    name: str
    search: Search
    space: Mapping[str, Any]
    policy: Policy | None
    settings: Any
    objectives: tuple[Any, ...]


def conduct(order: Order, earlier: SweepRecord | None = None) -> SweepRecord:
    """Carry out a sweep, or go on with an earlier one, and keep its exit code in the context.

    Raises
    ------
    UserError
        If it cannot begin.
    """
    assert context is not None  # noqa: S101 - set by the command line
    layout = layout_of(order.master.workspace.root, context.base)
    store = SweepStore(layout)
    sweep = earlier or _new_record(order)
    work = _Work(order)
    layout.create()
    with ExitStack() as stack:
        stack.callback(work.close)
        if earlier is None:
            work.plan_ahead()
            store.create(sweep)
            write_text(layout.sweep(sweep.id).config, _shared_yaml(order.master))
        stack.enter_context(held(layout, sweep.id))
        again: tuple[TrialRecord, ...] = ()
        if earlier is not None:
            sweep, again = resumed(layout, store, sweep, order.search, context.reconcile)
        sweep = dataclasses.replace(sweep, slots=work.slots, total=order.search.total, state=RUNNING, ended=None)
        watcher = context.watcher(layout)
        work.say = watcher.say
        hands = Hands(layout, store, order.search, order.policy, watcher, work.plan, work.new_run)
        settings = order.settings
        limits = Limits(settings.max_trials, settings.max_failures, settings.timeout)
        gc.freeze()
        gc.enable()  # see the command line, which turned it off for composing
        sweep = Conductor(sweep, hands, limits, again).run()
        reopen = context.reopen
        sweep = register_best(sweep, list(order.master.stages), lambda run: reopen(layout, run), watcher.say)
        store.write(sweep)
        write_page(sweep, layout.sweep(sweep.id).page)
        watcher.end(sweep)
    context.codes.append(_code(sweep))
    return sweep


def _shared_yaml(master: DictConfig) -> str:
    """Return the composition that all trials share, without Hydra's own settings."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.masked_copy(master, [str(one) for one in master if one != "hydra"]))


def _code(sweep: SweepRecord) -> int:
    if sweep.state == CANCELED:
        return INTERRUPTED
    return 0 if sweep.state == COMPLETED else FAILED_SWEEP


def _new_record(order: Order) -> SweepRecord:
    from omegaconf import OmegaConf

    master = order.master
    experiment = master.experiment_name or master.hydra.runtime.choices.get("experiment") or "sweep"
    plain = OmegaConf.to_container(OmegaConf.masked_copy(master, [str(one) for one in master if one != "hydra"]))
    assert isinstance(plain, dict)  # noqa: S101 - a composition is a mapping
    return SweepRecord(
        id=new_run_id(str(experiment)),
        experiment=str(experiment),
        state=RUNNING,
        created=now(),
        search=order.name,
        command=order.shared,
        arguments=order.arguments,
        config={str(key): value for key, value in plain.items()},
        space=order.space,
        objectives=order.objectives,
        policy=dict(order.settings.early_termination),
        total=order.search.total,
    )


def held(layout: Layout, sweep_id: str) -> ExitStack:
    """Hold a sweep.

    Raises
    ------
    UserError
        If somebody else does, naming the process.
    """
    place, stack = layout.sweep(sweep_id), ExitStack()
    if not stack.enter_context(locked(place.lock, blocking=False)):
        stack.close()
        holder = place.lock.read_text().strip() or "another process"
        raise UserError(f"Sweep {sweep_id} is being carried out by {holder}", f"Watch it with: vivero sweep {sweep_id}")
    place.lock.write_text(f"process {os.getpid()} on {os.uname().nodename}\n")
    place.cancel.unlink(missing_ok=True)
    return stack


class _Work:
    """Plans and runs of the trials of one sweep."""

    def __init__(self, order: Order) -> None:
        self._order = order
        stages = [one for one in order.master.stages if one != "deploy"]
        if order.master.model.register != "all":
            stages = [one for one in stages if one != "register"]
        settings: dict[str, Any] = {"stages": stages, "detach": False}
        if order.settings.trial_timeout is not None:
            settings["job.timeout"] = order.settings.trial_timeout
        assert context is not None  # noqa: S101 - set by the command line
        self._context = context
        self._composer = Composer(order.loader, order.master, order.shared, context.base, settings)
        self._shared = Shared()
        self._computes: dict[str, Compute] = {}
        self.say: Say = print
        self._ahead: dict[tuple[str, ...], Plan] = {}
        self._closing = ExitStack()
        from omegaconf import OmegaConf

        compute = self._compute(OmegaConf.to_object(order.master.compute))
        wanted = order.settings.max_concurrent or compute.scale().slots
        self.slots = max(1, min(wanted, order.search.total or wanted))
        self._variables = {name: str(max(1, (os.cpu_count() or 1) // self.slots)) for name in _THREADS}

    def plan_ahead(self) -> None:
        """Plan all trials of a known list that is not too long, so that a mistake is found before anything begins."""
        search = self._order.search
        if search.total is not None and search.total <= _PLANNED_AHEAD and self._order.name in ("grid", "list"):
            for number in range(search.total):
                suggestion = search.ask(number)
                if suggestion is not None:
                    self._ahead[suggestion.overrides] = plan = self._composer.plan(suggestion.overrides)
                    if number == 0 and search.total > 1:
                        record, bench = self.new_run(plan, {})
                        self._closing.enter_context(made_ready(bench, record))

    def plan(self, overrides: tuple[str, ...]) -> Plan:
        """Return the plan of a new run."""
        return self._ahead.pop(overrides, None) or self._composer.plan(overrides)

    def new_run(self, plan: Plan, properties: Mapping[str, Any]) -> tuple[RunRecord, Bench]:
        """Return the record and the bench of a trial's run."""
        record, bench = self._context.new_run(plan)
        record = dataclasses.replace(record, properties={**record.properties, **properties})
        return record, dataclasses.replace(
            self._shared.between(bench),
            compute=self._compute(plan.spec.compute),
            variables=self._variables,
            say=self.say,
            show_output=False,
        )

    def _compute(self, config: Any) -> Compute:
        key = repr(config)
        if key not in self._computes:
            self._computes[key] = self._context.make_compute(config)
        return self._computes[key]

    def close(self) -> None:
        """End what was kept warm."""
        for one in self._computes.values():
            one.close()
        self._closing.close()
