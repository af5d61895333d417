"""Trains what the declaration says, from the data to the model and its card."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from .declaration import BUNDLED, Declaration, read_declaration
from .mistakes import Mistake
from .models.cross_validation import cross_validate
from .models.making import make_model
from .models.scoring import scorers
from .recording import Recorder
from .splits import folds, hold_out
from .tables.datasets import Dataset, load
from .tables.roles import CLASSES, CLUSTERS, OUTLIERS, SUPERVISED, check_two_classes
from .training import Training


def main() -> int:
    """Train, and return the exit code."""
    try:
        train(read_declaration(), Recorder())
    except Mistake as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 1
    return 0


def train(declaration: Declaration, recorder: Recorder) -> None:
    """Carry a declaration out.

    Raises
    ------
    Mistake
        If it does not fit the data.
    """
    if declaration.train["figures"]:
        from .evaluation.figures import check_figures  # few trainings draw any

        check_figures()
    training = _prepared(declaration, recorder)
    print("\n".join([*training.described, training.split]))
    if declaration.train["cross_validation"] is not None:
        _cross_validate(training)
    if declaration.is_final:
        from .evaluation.final import finish  # trials of a sweep need none of it

        finish(training)


def _prepared(declaration: Declaration, recorder: Recorder) -> Training:
    model, kind = make_model(declaration)
    data = load("train", declaration, kind)
    if declaration.train["threshold"] is not None:
        check_two_classes(data.target, "train.threshold")
    rows, test = hold_out(data, declaration)
    return Training(
        declaration=declaration,
        recorder=recorder,
        model=model,
        rows=rows,
        test=test,
        scorers=scorers(model, data, declaration.train["scoring"]),
        described=_describe(data, declaration),
        split=_split(rows, test, declaration),
    )


def _cross_validate(training: Training) -> None:
    import numpy

    recorder, rows, chosen = training.recorder, training.rows, training.scorers
    splits = folds(rows, training.declaration)

    def report(number: int, scores: Mapping[str, list[float]]) -> None:
        print(f"Fold {number} of {len(splits)}: " + ", ".join(f"{name} {scores[name][-1]:.4g}" for name in scores))
        for name, values in scores.items():
            recorder.value(f"fold_{name}", values[-1], step=number)
            recorder.value(f"cv_{name}", numpy.mean(values), step=number)
        if training.first:
            recorder.value("fold_score", scores[training.first][-1], step=number)
            recorder.value("cv_score", numpy.mean(scores[training.first]), step=number)

    scores, fits, scorings = cross_validate(training.model, rows, splits, chosen, report)
    for name, values in scores.items():
        recorder.value(f"cv_{name}_std", numpy.std(values))
    recorder.value("fit_seconds", numpy.mean(fits))
    recorder.value("score_seconds", numpy.mean(scorings))
    training.evaluation["cross_validation"] = scores
    if training.declaration.is_final:
        from .evaluation.final import compare

        compare(training, splits)


def _describe(data: Dataset, declaration: Declaration) -> list[str]:
    place = declaration.place("train")
    name = place if place.startswith(BUNDLED) else os.path.basename(place)
    lines = [f"Data: {name}, {len(data):,} rows, {data.features.shape[1]} features"]
    if data.target is None:
        return lines
    if data.kind not in SUPERVISED:
        return [*lines, f"Column {data.target.name} is not learned from{_use(data)}"]
    lines[0] += f", target {data.target.name}"
    if data.kind == CLASSES:
        counts = data.target.value_counts()
        lines.append("Classes: " + ", ".join(f"{label} ({count:,})" for label, count in list(counts.items())[:20]))
    else:
        lines.append(f"Target: {data.target.min():.4g} to {data.target.max():.4g}")
    return lines


def _use(data: Dataset) -> str:
    """Return what a target is for that is not predicted."""
    is_compared = data.kind == CLUSTERS or (data.kind == OUTLIERS and data.target.nunique() == 2)
    return f"; the {data.kind} are compared with it" if is_compared else ""


def _split(rows: Dataset, test: Dataset | None, declaration: Declaration) -> str:
    settings, parts = declaration.train["cross_validation"], [f"{len(rows):,} training rows"]
    if test is not None:
        parts.append(f"{len(test):,} held out")
    if settings is not None:
        parts.append(f"{settings['folds']} folds" if "folds" in settings else settings["_target_"].rpartition(".")[2])
    return f"Split: {', '.join(parts)}; seed {declaration.train['seed']}"
