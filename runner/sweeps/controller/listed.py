"""A sweep over lists of overrides from one of Hydra's own sweepers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.sweeps.controller.final import with_objective
from runner.sweeps.controller.multirun import conduct
from runner.sweeps.controller.request import Context, Order
from runner.sweeps.early_stopping.policy import make_policy
from runner.sweeps.ports import Suggestion
from runner.sweeps.ranking.objectives import read_objectives
from runner.sweeps.records import MAXIMIZE, SweepRecord, TrialRecord
from runner.sweeps.validation import check_sweep

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig


class ListSearch:
    """Tries the entries of a list."""

    def __init__(self, lists: Sequence[tuple[str, ...]]) -> None:
        self.lists = list(lists)
        self.total: int | None = len(self.lists)

    def ask(self, number: int) -> Suggestion | None:
        """Return entry `number`."""
        if number >= len(self.lists):
            return None
        words = self.lists[number]
        pairs = (word.partition("=") for word in words)
        return Suggestion({key.lstrip("+~"): value for key, _, value in pairs}, words)

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Do nothing."""


def words_of(master: DictConfig) -> tuple[str, ...]:
    """Return a composition's words as typed, without resolving references, which may be secret."""
    from omegaconf import OmegaConf

    words = OmegaConf.to_container(master.hydra.overrides.task, resolve=False)
    assert isinstance(words, list)  # noqa: S101 - of words
    return tuple(map(str, words))


def conduct_list(
    context: Context,
    loader: ConfigLoader,
    master: DictConfig,
    lists: list[tuple[str, ...]],
    earlier: SweepRecord | None,
) -> SweepRecord:
    """Run lists of overrides as trials. A further batch adds trials to the earlier sweep."""
    from omegaconf import OmegaConf

    settings = with_objective(OmegaConf.to_object(master.sweep), master)
    check_sweep(settings)
    before = [trial.overrides for trial in earlier.trials] if earlier is not None else []
    objectives = read_objectives(settings.objective)
    goal = objectives[0].goal if objectives else MAXIMIZE
    order = Order(
        loader=loader, master=master, shared=(), arguments=words_of(master), name="list",
        search=ListSearch([*before, *lists]), space={}, policy=make_policy(settings.early_termination, goal),
        settings=settings, objectives=objectives,
    )  # fmt: skip
    return conduct(order, context, earlier)
