"""The launcher and the sweeper for Hydra, thin wrappers around `runner.sweeps.controller`.

Hydra only finds plugins in the namespace package ``hydra_plugins``, which is why this file is in a folder of
that name; `runner.__main__` puts the folder above it on the search path of a multirun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from runner.errors import UserError, nearest

_LAUNCHER = f"{__name__}.ViveroLauncher"


class ViveroLauncher(Launcher):
    """Runs the lists of overrides from Hydra's own sweepers. Each list is a trial."""

    def __init__(self) -> None:
        self._sweep: Any = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store Hydra's arguments."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch. Failures go to the records and the exit code; Hydra would raise only the first."""
        from runner.sweeps.controller.listed import conduct_list
        from runner.sweeps.controller.request import find_context

        lists = [tuple(overrides) for overrides in job_overrides]
        self._sweep = conduct_list(find_context(), self.hydra_context.config_loader, self.config, lists, self._sweep)
        trials = self._sweep.trials[initial_job_idx : initial_job_idx + len(job_overrides)]
        return [_returned(self.config, trial) for trial in trials]


def _returned(config: DictConfig, trial: Any) -> JobReturn:
    result = JobReturn()
    result.overrides, result.cfg, result.hydra_cfg = list(trial.overrides), config, None
    result.working_dir = str(Path.cwd())
    result.status, result.return_value = JobStatus.COMPLETED, dict(trial.metrics)
    return result


class ViveroSweeper(Sweeper):
    """Passes a multirun to a search.

    Parameters
    ----------
    search : str or None
        grid, random, sobol or bayesian. None means ``sweep.sweeper``.
    params : mapping or None
        Overrides in the composition itself, as for Hydra's own sweeper: ``{job.arguments.c: "1,2"}``.
    **unknown
        Any other key of ``hydra.sweeper``, refused in `setup`.
    """

    def __init__(self, search: str | None = None, params: Mapping[str, Any] | None = None, **unknown: Any) -> None:
        self._search, self._unknown = search, [*unknown]
        self._params: dict[str, Any] = dict(params) if isinstance(params, Mapping) else {"": params} if params else {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store Hydra's arguments.

        Raises
        ------
        UserError
            If there is no multirun, another launcher was chosen, or the sweeper has an unknown key.
        """
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config
        from runner.sweeps.controller.request import find_context

        self._context = find_context()
        for name in self._unknown:
            raise UserError(f"Unknown key 'hydra.sweeper.{name}'", nearest(name, ["params"]))
        if not all(isinstance(value, str | int | float | bool) for value in self._params.values()):
            raise UserError(
                "hydra.sweeper.params has values that are not text", "Write them as on the command line: 'a: 1,2'"
            )
        launcher = str(config.hydra.launcher._target_)
        if launcher != _LAUNCHER:
            name = config.hydra.runtime.choices.get("hydra/launcher")
            raise UserError(
                f"hydra/launcher={name} cannot be used with this sweeper",
                "Choose where trials run with compute=NAME, and how many at a time with sweep.max_concurrent=N",
            )

    def sweep(self, arguments: list[str]) -> Any:
        """Run a sweep."""
        from runner.sweeps.controller.searched import conduct_search

        assert self.hydra_context is not None and self.config is not None  # noqa: S101 - see setup
        typed = {word.partition("=")[0].lstrip("+~") for word in arguments}
        configured = [f"{key}={value}" for key, value in self._params.items() if key.lstrip("+~") not in typed]
        loader = self.hydra_context.config_loader
        return conduct_search(self._context, loader, self.config, (*configured, *arguments), self._search)
