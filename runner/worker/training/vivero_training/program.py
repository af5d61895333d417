"""Trains what the declaration says, from the data to the model and its card."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .datasets import CLASSES, Dataset, load
from .declaration import BUNDLED, Declaration, read_declaration
from .evaluation import card, charts, leaks
from .evaluation.deciders import deciders
from .evaluation.figures import check_figures, figures
from .evaluation.importance import importance
from .evaluation.intervals import intervals
from .evaluation.learning import learning_curve
from .evaluation.slices import slices
from .evaluation.worst import worst_rows
from .fitting import cross_validate, fit, make_model, score
from .mistakes import Mistake
from .recording import OUTPUTS, Recorder, plain
from .scoring import scorers
from .signature import signature
from .splits import folds, hold_out


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
        check_figures()
    model, kind = make_model(declaration)
    data = load("train", declaration, kind)
    rows, test = hold_out(data, declaration)
    data_lines, split = _describe(data, declaration), _split(rows, test, declaration)
    print("\n".join([*data_lines, split]))
    chosen = scorers(model, data, declaration.train["scoring"])
    evaluation: dict[str, Any] = {"cross_validation": {}, "dummy": {}, "holdout": {}}
    if declaration.train["cross_validation"] is not None:
        _cross_validate(model, rows, chosen, declaration, recorder, evaluation)
    if not declaration.is_final:
        return
    fitted = fit(model, rows)
    warnings = [*leaks.leaks(rows, test), *_against_dummy(evaluation)]
    if test is not None:
        warnings += _evaluate(fitted, rows, test, chosen, declaration, recorder, evaluation)
    elif not evaluation["cross_validation"]:
        warnings.append("The model was not evaluated: train.holdout and train.cross_validation are null")
    for line in warnings:
        print(f"warning: {line}")
    facts: dict[str, Any] = {"model": repr(fitted), "data": data_lines, "split": split, "warnings": warnings}
    facts.update(scores=_rows(evaluation, chosen), ranges=card.ranges(rows.features))
    facts.update(importance=evaluation.get("importance"), slices=evaluation.get("slices"))
    recorder.text("model-card.md", card.model_card(facts))
    recorder.json("evaluation.json", {**evaluation, "warnings": warnings})
    recorder.json("signature.json", signature(rows))
    _save(fitted, rows, recorder)


def _cross_validate(
    model: Any,
    rows: Dataset,
    chosen: Mapping[str, Any],
    declaration: Declaration,
    recorder: Recorder,
    evaluation: dict[str, Any],
) -> None:
    import numpy

    first = next(iter(chosen))
    splits = folds(rows, declaration)

    def report(number: int, scores: Mapping[str, list[float]]) -> None:
        print(f"Fold {number} of {len(splits)}: " + ", ".join(f"{name} {scores[name][-1]:.4g}" for name in scores))
        for name, values in scores.items():
            recorder.value(f"fold_{name}", values[-1], step=number)
            recorder.value(f"cv_{name}", numpy.mean(values), step=number)
        recorder.value("fold_score", scores[first][-1], step=number)
        recorder.value("cv_score", numpy.mean(scores[first]), step=number)

    scores, fits, scorings = cross_validate(model, rows, splits, chosen, report)
    for name, values in scores.items():
        recorder.value(f"cv_{name}_std", numpy.std(values))
    recorder.value("fit_seconds", numpy.mean(fits))
    recorder.value("score_seconds", numpy.mean(scorings))
    evaluation["cross_validation"] = scores
    if declaration.is_final:
        evaluation["dummy"] = _dummy(rows, splits, chosen)
        for name, values in evaluation["dummy"].items():
            recorder.value(f"dummy_{name}", numpy.mean(values))
    if declaration.is_final and declaration.train["learning_curve"]:
        table = learning_curve(model, rows, splits, chosen[first], declaration.train["seed"])
        recorder.table("learning_curve", table)
        evaluation["learning_curve"] = table


def _dummy(rows: Dataset, splits: Sequence[Any], chosen: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the scores of a model that ignores the features, on the same folds."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    dummy = DummyClassifier(strategy="prior") if rows.kind == CLASSES else DummyRegressor()
    return cross_validate(dummy, rows, splits, chosen, lambda _number, _scores: None)[0]


def _against_dummy(evaluation: dict[str, Any]) -> list[str]:
    """Return a line if the model is not better than the dummy by more than the folds' standard error."""
    import numpy

    for name, values in evaluation["cross_validation"].items():
        margin = numpy.std(values) / max(1, len(values)) ** 0.5
        dummy = numpy.mean(evaluation["dummy"][name])
        if numpy.mean(values) - margin <= dummy:
            return [f"The model is no better than a dummy: {name} {numpy.mean(values):.4g}, dummy {dummy:.4g}"]
        break  # the first scorer decides
    return []


def _evaluate(
    fitted: Any,
    train: Dataset,
    test: Dataset,
    chosen: Mapping[str, Any],
    declaration: Declaration,
    recorder: Recorder,
    evaluation: dict[str, Any],
) -> list[str]:
    """Score the holdout, log its charts and tables, and return warnings."""
    settings = declaration.train
    first, seed = next(iter(chosen)), settings["seed"]
    scores, found = score(fitted, test, chosen), intervals(fitted, test, chosen, seed)
    warnings = list(deciders(train, test, fitted.predict(test.features)))
    for name, value in scores.items():
        recorder.value(f"holdout_{name}", value)
        for end, bound in zip(("low", "high"), found[name] or ()):
            recorder.value(f"holdout_{name}_{end}", bound)
    evaluation["holdout"] = {name: {"score": scores[name], "interval": found[name]} for name in scores}
    log = charts.log_classes if test.kind == CLASSES else charts.log_numbers
    evaluation.update(log(fitted, test, recorder))
    if settings["figures"]:
        for name, figure in figures(fitted, test):
            recorder.figure(f"{name}.png", figure)
    evaluation["worst_rows"] = worst_rows(fitted, test)
    recorder.table("worst_rows", evaluation["worst_rows"])
    if settings["permutation_repeats"]:
        table = importance(fitted, test, chosen[first], settings["permutation_repeats"], seed)
        recorder.table("importance", table)
        evaluation["importance"] = table
    if settings["slices"]:
        evaluation["slices"], line = slices(fitted, test, settings["slices"], first, chosen[first])
        recorder.table("slices", evaluation["slices"])
        warnings += [line] if line else []
    return warnings


def _rows(evaluation: dict[str, Any], chosen: Mapping[str, Any]) -> list[list[Any]]:
    """Return the rows of the table of scores."""
    import numpy

    rows = []
    for name in chosen:
        crossed, dummy = evaluation["cross_validation"].get(name), evaluation["dummy"].get(name)
        held = evaluation["holdout"].get(name)
        interval = f" ({held['interval'][0]:.4g} to {held['interval'][1]:.4g})" if held and held["interval"] else ""
        rows.append(
            [
                name,
                f"{numpy.mean(crossed):.4g} ± {numpy.std(crossed):.2g}" if crossed else None,
                f"{numpy.mean(dummy):.4g}" if dummy else None,
                f"{held['score']:.4g}{interval}" if held else None,
            ]
        )
    return rows


def _describe(data: Dataset, declaration: Declaration) -> list[str]:
    place = declaration.place("train")
    name = place if place.startswith(BUNDLED) else os.path.basename(place)
    lines = [f"Data: {name}, {len(data):,} rows, {data.features.shape[1]} features, target {data.target.name}"]
    if data.kind == CLASSES:
        counts = data.target.value_counts()
        lines.append("Classes: " + ", ".join(f"{label} ({count:,})" for label, count in list(counts.items())[:20]))
    else:
        lines.append(f"Target: {data.target.min():.4g} to {data.target.max():.4g}")
    return lines


def _split(rows: Dataset, test: Dataset | None, declaration: Declaration) -> str:
    settings, parts = declaration.train["cross_validation"], [f"{len(rows):,} training rows"]
    if test is not None:
        parts.append(f"{len(test):,} held out")
    if settings is not None:
        parts.append(f"{settings['folds']} folds" if "folds" in settings else settings["_target_"].rpartition(".")[2])
    return f"Split: {', '.join(parts)}; seed {declaration.train['seed']}"


def _save(fitted: Any, rows: Dataset, recorder: Recorder) -> None:
    import joblib

    joblib.dump(fitted, os.path.join(OUTPUTS, "model.joblib"))
    examples = [
        dict(zip(map(str, rows.features.columns), plain(row))) for row in rows.features.head(2).itertuples(index=False)
    ]
    recorder.json("input_example.json", {"data": examples})
