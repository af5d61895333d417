"""A request for a sweep, and the context that the command line sets up.

Hydra creates its plugins itself and does not pass our objects to them. The command line sets the context with
`providing`, and a plugin finds it with `find_context`. Everything below the plugin takes it as a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.plan import Plan
from runner.layout import Layout
from runner.ports.compute import Compute
from runner.records import RunRecord
from runner.sweeps.ports import Policy, Search, Watcher

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig


@dataclass
class Context:
    """The functions and settings that the command line sets up before Hydra starts.

    Parameters
    ----------
    base : Path
        The folder the command was typed in.
    new_run : callable
        Returns the record and context of a new run for a plan and its compute.
    reopen : callable
        Returns a run's record and context for a workspace and a run id.
    finished : callable
        Returns the final record for a workspace and a run's record; waits for a run that has no controller.
    make_compute : callable
        Returns a compute with prefork interpreters for its settings.
    watcher : callable
        Creates the display.
    codes : list of int
        The exit code of each sweep that has ended.
    """

    base: Path
    new_run: Callable[[Plan, Compute], tuple[RunRecord, RunContext]]
    reopen: Callable[[Layout, str], tuple[RunRecord, RunContext]]
    finished: Callable[[Layout, RunRecord], RunRecord]
    make_compute: Callable[[Any], Compute]
    watcher: Callable[[Layout], Watcher]
    codes: list[int] = field(default_factory=list)


_provided: ContextVar[Context | None] = ContextVar("provided", default=None)


@contextmanager
def providing(context: Context) -> Iterator[None]:
    """Let Hydra's plugins find a context while the block runs."""
    token = _provided.set(context)
    try:
        yield
    finally:
        _provided.reset(token)


def find_context() -> Context:
    """Return the context of the current multirun.

    Raises
    ------
    UserError
        If it was not started by our command line.
    """
    context = _provided.get()
    if context is None:
        raise UserError("hydra.mode=MULTIRUN has no effect on its own", "To start a sweep, add -m")
    return context


@dataclass(frozen=True)
class Order:
    """A requested sweep.

    Parameters
    ----------
    master : DictConfig
        The composition of the words that all trials share.
    shared : tuple of str
        Those words.
    arguments : tuple of str
        All words, as typed.
    name : str
        The name of the search.
    space : mapping
        The search space, as plain data.
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
