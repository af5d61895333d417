"""A sweep whose trials are chosen by one of our searches, started or resumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.access.secrets import MASK
from runner.errors import UserError
from runner.execution.plan import layout_of
from runner.sweeps.controller.conductor import values_of
from runner.sweeps.controller.final import with_objective
from runner.sweeps.controller.multirun import conduct
from runner.sweeps.controller.request import Context, Order
from runner.sweeps.early_stopping.policy import make_policy
from runner.sweeps.ports import Search
from runner.sweeps.ranking.objectives import read_objectives
from runner.sweeps.records import MAXIMIZE, SweepRecord
from runner.sweeps.search.make import SearchSettings, make_search
from runner.sweeps.space.search_space import make_space, parse_words
from runner.sweeps.store import SweepStore
from runner.sweeps.validation import check_sweep

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig

_RESUME = "sweep.resume"
_MAY_CHANGE = ("sweep.", "compute.", "compute=")  # such as a larger sweep.max_trials


def conduct_search(
    context: Context, loader: ConfigLoader, master: DictConfig, arguments: tuple[str, ...], search: str | None
) -> SweepRecord:
    """Run or resume the sweep that the command line describes.

    Parameters
    ----------
    arguments : tuple of str
        The words of the command line.
    search : str or None
        The name of the search. None means that of the resumed sweep, or ``sweep.sweeper``.

    Raises
    ------
    UserError
        If the words do not describe a sweep, or the earlier sweep cannot be resumed with them.
    """
    store = SweepStore(layout_of(master.workspace.root, context.base))
    if master.sweep.resume is None:
        return conduct(_order(store, loader, master, arguments, search), context)
    earlier = store.find(str(master.sweep.resume))
    if earlier.search == "list":
        raise UserError(f"Sweep {earlier.id} was made by another Hydra sweeper and cannot be resumed")
    if any(MASK in word for word in earlier.arguments):
        raise UserError(
            f"Sweep {earlier.id} was given a secret, which is not recorded, so it cannot be resumed",
            "Start a new sweep and give the secret as ${oc.env:NAME}, which is recorded",
        )
    others = [
        argument for argument in arguments if argument not in earlier.arguments and not argument.startswith(_MAY_CHANGE)
    ]
    if others:
        raise UserError(
            f"{others[0]} was not part of sweep {earlier.id}, and all its trials must have the same settings",
            "Remove it, or start a new sweep. Only sweep.* and compute.* may change",
        )
    words = (
        *earlier.arguments,
        *(argument for argument in arguments if argument.startswith(_MAY_CHANGE) and _RESUME not in argument),
    )
    chosen = search or earlier.search
    return conduct(_order(store, loader, _master(loader, master, words), words, chosen), context, earlier)


def _master(loader: ConfigLoader, master: DictConfig, words: Sequence[str]) -> DictConfig:
    from hydra.types import RunMode

    composed: DictConfig = loader.load_configuration(
        config_name=master.hydra.job.config_name,
        overrides=[*master.hydra.overrides.hydra, *words],
        run_mode=RunMode.MULTIRUN,
    )
    return composed


def _order(
    store: SweepStore, loader: ConfigLoader, master: DictConfig, arguments: tuple[str, ...], search: str | None
) -> Order:
    from omegaconf import OmegaConf

    parsed = parse_words(arguments, loader)
    swept = [override for override in parsed if override.is_sweep_override()]
    shared = tuple(word for word, override in zip(arguments, parsed, strict=True) if not override.is_sweep_override())
    settings = with_objective(OmegaConf.to_object(master.sweep), master)
    check_sweep(settings)
    objectives = read_objectives(settings.objective)
    space = make_space(settings.space, swept, settings.seed)
    name = search or settings.sweeper or "grid"
    new_search = make_search(SearchSettings(name, settings.seed, settings.max_trials, objectives), space)
    _learn(new_search, settings.warm_start, store)
    goal = objectives[0].goal if objectives else MAXIMIZE
    return Order(
        loader=loader, master=master, shared=shared, arguments=arguments, name=name, search=new_search,
        space=space.plain(), policy=make_policy(settings.early_termination, goal), settings=settings,
        objectives=objectives,
    )  # fmt: skip


def _learn(search: Search, sweeps: Sequence[str], store: SweepStore) -> None:
    """Report the results of earlier sweeps to a search."""
    for sweep in sweeps:
        earlier = store.replay(store.find(sweep))
        for trial in earlier.trials:
            search.tell(trial, values_of(earlier, trial))
