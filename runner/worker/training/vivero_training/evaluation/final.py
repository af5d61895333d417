"""Fits the model to all training rows, evaluates it on the holdout and writes it with its card."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..models.answers import Answering
from ..models.cross_validation import cross_validate
from ..models.fitting import fit, score
from ..recording import OUTPUTS, plain
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES, SUPERVISED
from ..training import Training
from . import card, charts, leaks
from .deciders import deciders
from .figures import figures
from .found import found_in
from .importance import importance
from .intervals import intervals
from .learning import learning_curve
from .outline import outline
from .signature import signature
from .slices import slices
from .worst import worst_rows


def compare(training: Training, splits: Sequence[Any]) -> None:
    """Cross-validate a model that ignores the features on the same folds, and draw the learning curve if asked to."""
    import numpy
    from sklearn.dummy import DummyClassifier, DummyRegressor

    rows, recorder, settings = training.rows, training.recorder, training.declaration.train
    if rows.kind not in SUPERVISED:
        return
    dummy = DummyClassifier(strategy="prior") if rows.kind == CLASSES else DummyRegressor()
    scores = cross_validate(dummy, rows, splits, training.scorers, lambda _number, _scores: None)[0]
    training.evaluation["dummy"] = scores
    for name, values in scores.items():
        recorder.value(f"dummy_{name}", numpy.mean(values))
    if settings["learning_curve"]:
        scorer = training.scorers[training.first]
        table = learning_curve(training.model, rows, splits, scorer, settings["seed"])
        recorder.table("learning_curve", table)
        training.evaluation["learning_curve"] = table


def finish(training: Training) -> None:
    """Fit the model, evaluate it and write it.

    Raises
    ------
    Mistake
        If scikit-learn refuses the data.
    """
    rows, test, evaluation, recorder = training.rows, training.test, training.evaluation, training.recorder
    fitted = fit(training.model, rows)
    warnings = [*leaks.leaks(rows, test), *_against_dummy(evaluation)]
    if rows.kind not in SUPERVISED:
        found_in(fitted, test, training)
    elif test is not None:
        warnings += _evaluate(fitted, test, training)
    elif not evaluation["cross_validation"]:
        warnings.append("The model was not evaluated: train.holdout and train.cross_validation are null")
    for line in warnings:
        print(f"warning: {line}")
    facts: dict[str, Any] = {
        "model": outline(training.model),
        "data": training.described,
        "split": training.split,
    }
    facts.update(warnings=warnings, scores=_rows(evaluation, training.scorers), ranges=card.ranges(rows.features))
    facts.update({name: evaluation.get(name) for name in ("importance", "slices", "found")})
    recorder.text("model-card.md", card.model_card(facts))
    recorder.json("evaluation.json", {**evaluation, "warnings": warnings})
    recorder.json("signature.json", signature(rows))
    _save(fitted, rows, training)


def _against_dummy(evaluation: dict[str, Any]) -> list[str]:
    """Return a line if the model is not better than the dummy by more than the folds' standard error."""
    import numpy

    for name, values in evaluation["cross_validation"].items() if evaluation["dummy"] else ():
        margin = numpy.std(values) / max(1, len(values)) ** 0.5
        dummy = numpy.mean(evaluation["dummy"][name])
        if numpy.mean(values) - margin <= dummy:
            return [f"The model is no better than a dummy: {name} {numpy.mean(values):.4g}, dummy {dummy:.4g}"]
        break  # the first scorer decides
    return []


def _evaluate(fitted: Any, test: Dataset, training: Training) -> list[str]:
    """Score the holdout, log its charts and tables, and return warnings."""
    settings, recorder, evaluation = training.declaration.train, training.recorder, training.evaluation
    first, seed = training.scorers[training.first], settings["seed"]
    model = Answering(fitted, test.features)
    scores, found = score(model, test, training.scorers), intervals(model, test, training.scorers, seed)
    warnings = list(deciders(training.rows, test, model.predict(test.features)))
    for name, value in scores.items():
        recorder.value(f"holdout_{name}", value)
        for end, bound in zip(("low", "high"), found[name] or ()):
            recorder.value(f"holdout_{name}_{end}", bound)
    evaluation["holdout"] = {name: {"score": scores[name], "interval": found[name]} for name in scores}
    log = charts.log_classes if test.kind == CLASSES else charts.log_numbers
    evaluation.update(log(model, test, recorder))
    if settings["figures"]:
        for name, figure in figures(model, test):
            recorder.figure(f"{name}.png", figure)
    evaluation["worst_rows"] = worst_rows(model, test)
    if evaluation["worst_rows"]["row"]:
        recorder.table("worst_rows", evaluation["worst_rows"])
    if settings["permutation_repeats"]:
        evaluation["importance"] = importance(fitted, test, first, settings["permutation_repeats"], seed)
        recorder.table("importance", evaluation["importance"])
    if settings["slices"]:
        evaluation["slices"], worse = slices(fitted, test, settings["slices"], training.first, first, seed)
        recorder.table("slices", evaluation["slices"])
        warnings += worse
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


def _save(fitted: Any, rows: Dataset, training: Training) -> None:
    import joblib

    joblib.dump(fitted, os.path.join(OUTPUTS, "model.joblib"))
    examples = [
        dict(zip(map(str, rows.features.columns), plain(row))) for row in rows.features.head(2).itertuples(index=False)
    ]
    training.recorder.json("input_example.json", {"data": examples})
