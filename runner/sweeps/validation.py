"""Checks the settings of ``sweep`` beyond what the schema can express."""

from __future__ import annotations

from runner.config.schema import SEARCHES, SweepConfig
from runner.errors import UserError, nearest
from runner.io.names import check_name
from runner.sweeps.early_stopping.policy import make_policy
from runner.sweeps.ranking.objectives import read_objectives
from runner.sweeps.records import MAXIMIZE

MOST_WARM_STARTS = 5  # as Azure allows


def check_sweep(config: SweepConfig) -> None:
    """Check the settings of a sweep, except for its space.

    Raises
    ------
    UserError
        For the first invalid setting.
    """
    if config.sweeper is not None and config.sweeper not in SEARCHES:
        raise UserError(f"sweep.sweeper={config.sweeper} is not valid", nearest(config.sweeper, SEARCHES))
    for name in ("max_trials", "max_concurrent", "max_failures", "timeout", "trial_timeout"):
        value = getattr(config, name)
        if value is not None and not 0 < value < float("inf"):
            raise UserError(f"sweep.{name}={value:g} must be above 0", f"For no limit: sweep.{name}=null")
    if len(config.warm_start) > MOST_WARM_STARTS:
        raise UserError(f"sweep.warm_start names {len(config.warm_start)} sweeps", f"The limit is {MOST_WARM_STARTS}")
    for sweep in [*config.warm_start, *([config.resume] if config.resume is not None else [])]:
        check_name(sweep, "sweep id")
    objectives = read_objectives(config.objective)
    if config.early_termination and not objectives:
        raise UserError(
            "sweep.early_termination needs an objective", "For example: sweep.objective='maximize accuracy'"
        )
    make_policy(config.early_termination, objectives[0].goal if objectives else MAXIMIZE)
