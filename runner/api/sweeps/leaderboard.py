"""The trials of a sweep over declared trainings, best first, with intervals and ties."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.sweeps.ranking.facts import ranked, value_of
from runner.sweeps.ranking.noise import interval, is_tied

if TYPE_CHECKING:
    from runner.api.workspace import Workspace
    from runner.sweeps.records import SweepRecord

_FOLDS = "fold_score"  # the metric of the training program, a value for each fold
_MOST = 100  # trials, whose folds are read


def leaderboard(workspace: Workspace, sweep: SweepRecord) -> list[dict[str, Any]]:
    """Return the rows of `Sweep.leaderboard`."""
    if [objective.metric for objective in sweep.objectives] != ["cv_score"]:
        return []  # the best is another one than that of the scores
    rows: list[dict[str, Any]] = []
    best: list[float] = []
    for trial in ranked(sweep)[:_MOST]:
        if value_of(trial, _FOLDS) is None:  # not a declared training
            continue
        try:
            run = workspace.run(trial.run)
            scores = [point["value"] for point in run.history(_FOLDS)[_FOLDS]]
        except UserError:  # it was deleted
            continue
        best, folds = best or scores, _folds(run.record.config, len(scores))
        low, high = interval(scores, folds) or (None, None)
        tied = len(scores) == len(best) and is_tied(best, scores, folds)
        rows.append(
            {"trial": trial.number, "run": trial.run, "score": fmean(scores), "low": low, "high": high, "tied": tied}
        )
    return rows


def _folds(config: Mapping[str, Any], scores: int) -> int:
    """Return the folds of one repeat. Those of a splitter of one's own have no repeats that are known."""
    given = config.get("train", {}).get("cross_validation")
    folds = given.get("folds", 5 if "_target_" not in given else scores) if isinstance(given, Mapping) else given
    return folds if isinstance(folds, int) else scores
