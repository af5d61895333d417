"""Writes a declared training as a plain scikit-learn script that gives the same scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.errors import UserError
from runner.training.declaration import VARIABLE
from runner.training.declared import is_in_order, learns_target
from runner.training.python_writer import TARGET, PythonWriter, joined, literal
from runner.training.script_fitting import chooses_label, fitting, write_model
from runner.training.script_measures import write_measures
from runner.training.script_tables import load, load_holdout, target_of


def script_of(run_id: str, config: Mapping[str, Any], paths: Mapping[str, str], scorers: Iterable[str]) -> str:
    """Return the script of a declared training's run.

    Parameters
    ----------
    config : Mapping
        The run's recorded composition.
    paths : Mapping
        The files of its data inputs, by name.
    scorers : iterable of str
        The scorers that the run logged.

    Raises
    ------
    UserError
        If the run has a script of its own.
    """
    variables = config.get("job", {}).get("environment_variables") or {}
    if not config.get("estimator") or VARIABLE not in variables:
        raise UserError(f"Run {run_id} has a script of its own", f"To see it: vivero show {run_id}")
    declaration = json.loads(variables[VARIABLE])
    train, writer = declaration["train"], PythonWriter()
    load(writer, train, paths)
    names = list(scorers)
    is_supervised = learns_target(declaration["estimator"])
    write_model(writer, declaration, names if is_supervised else [])
    _split(writer, train, paths)
    if is_supervised:
        _score(writer, train, names)
    else:
        _measure(writer, train, names)
    name = str(config["estimator"].get(TARGET)).rpartition(".")[2]
    return writer.text(f"Trains a {name}, as run {run_id} of vivero did.")


def _measure(writer: PythonWriter, train: Mapping[str, Any], names: list[str]) -> None:
    """Write how an estimator is fitted and measured that learns no target."""
    write_measures(writer, names)
    has_target = target_of(train) is not None

    def adapted(line: str) -> str:
        line = line.replace(".fit(X.iloc[rows], y.iloc[rows]", ".fit(X.iloc[rows]")
        for rows in ("iloc[train]", "iloc[rows]", "iloc[test]"):
            line = line if has_target else line.replace(f", y.{rows}", ", None")
        return line if has_target else line.replace("X_other[X.columns], y_other", "X_other[X.columns], None")

    lines = ["", *fitting(writer, train), ""]
    if names and train["cross_validation"] is not None:
        lines += _cross_validation(writer, train, weighted=False)
    lines += ["final = fitted(train)"]
    if names and train["holdout"] is not None:
        lines += _holdout(train, weighted=False)
    writer.add(*map(adapted, lines), f'{writer.need("joblib")}.dump(final, "model.joblib")')


def _split(writer: PythonWriter, train: Mapping[str, Any], paths: Mapping[str, str]) -> None:
    """Write the split in training rows and holdout, as positions ``train`` and ``test``, and the folds."""
    numpy, settings = writer.need("numpy"), train["holdout"]
    everything, in_order = f"{numpy}.arange(len(data))", is_in_order(train)
    if settings is None or "data" in settings:
        writer.add(f"train = {everything}")
    elif "after" in settings:
        writer.need("pandas")
        writer.add(
            f"times = data[{literal(settings['column'])}]",
            f"limit = {literal(settings['after'])}",
            "if not pandas.api.types.is_numeric_dtype(times):",
            '    times = pandas.to_datetime(times, format="ISO8601", utc=True)',
            '    limit = pandas.to_datetime(str(limit), format="ISO8601", utc=True)',
            f"train, test = {numpy}.flatnonzero(~(times > limit)), {numpy}.flatnonzero(times > limit)",
        )
        if in_order:
            writer.add(f'train = train[{numpy}.argsort(times.to_numpy()[train], kind="stable")]')
    elif in_order:
        function = writer.need("sklearn.model_selection.train_test_split")
        writer.add(f"train, test = {function}({everything}, test_size={settings['size']!r}, shuffle=False)")
    elif train["groups"]:
        writer.add(
            f"splitter = {_of_groups(writer, settings)}",
            f"train, test = next(splitter.split({everything}, {'y' if target_of(train) else None}, groups))",
        )
    else:
        function = writer.need("sklearn.model_selection.train_test_split")
        check = writer.need("sklearn.base.is_classifier")
        stratify = settings["stratify"]
        chosen = f"y if {check}(model) else None" if stratify is None else "y" if stratify else "None"
        size, state = f"test_size={settings['size']!r}", f"random_state={settings['seed']!r}"
        made = joined(f"{function}(", [everything, size, state, f"stratify={chosen}"], ")")
        writer.add(f"train, test = {made}")
    if settings is not None and "data" in settings:
        load_holdout(writer, train, paths)


def _of_groups(writer: PythonWriter, settings: Mapping[str, Any]) -> str:
    """Return the splitter that divides rows by their groups."""
    size, seed = settings["size"], settings["seed"]
    kind = writer.need("sklearn.model_selection.GroupShuffleSplit")
    plain = f"{kind}(n_splits=1, test_size={size!r}, random_state={seed!r})"
    if not settings["stratify"]:
        return plain
    kind, check = writer.need("sklearn.model_selection.StratifiedGroupKFold"), writer.need("sklearn.base.is_classifier")
    count = repr(max(2, round(1 / size))) if size < 1 else f"max(2, round(len(data) / {size!r}))"
    return f"{kind}({count}, shuffle=True, random_state={seed!r}) if {check}(model) else {plain}"


def _folds(writer: PythonWriter, train: Mapping[str, Any]) -> str:
    settings, seed = train["cross_validation"], train["seed"]
    if TARGET in settings:
        return writer.expression(settings)
    count, shuffle = settings["folds"], settings.get("shuffle", True)
    state = f", shuffle={shuffle!r}" + (f", random_state={seed!r}" if shuffle else "")
    of = "sklearn.model_selection."
    if train["groups"]:
        pair = (f"StratifiedGroupKFold({count!r}{state})", f"GroupKFold({count!r})")
    elif settings["repeats"] > 1:
        words = f"n_splits={count!r}, n_repeats={settings['repeats']!r}, random_state={seed!r}"
        pair = (f"RepeatedStratifiedKFold({words})", f"RepeatedKFold({words})")
    else:
        pair = (f"StratifiedKFold({count!r}{state})", f"KFold({count!r}{state})")
    for one in pair:
        writer.need(of + one.partition("(")[0])
    return f"{pair[0]} if {writer.need('sklearn.base.is_classifier')}(model) else {pair[1]}"


def _score(writer: PythonWriter, train: Mapping[str, Any], names: list[str]) -> None:
    weighted = bool(train["sample_weight"])
    if names:
        scorer = "scorer_of" if chooses_label(train, names) else writer.need("sklearn.metrics.get_scorer")
        writer.add(f"scorers = {{name: {scorer}(name) for name in {literal(names)}}}")
    writer.add("", *fitting(writer, train), "")
    if names and train["cross_validation"] is not None:
        writer.add(*_cross_validation(writer, train, weighted))
    writer.add("final = fitted(train)")
    if names and train["holdout"] is not None:
        writer.add(*_holdout(train, weighted))
    writer.add(f'{writer.need("joblib")}.dump(final, "model.joblib")')


def _cross_validation(writer: PythonWriter, train: Mapping[str, Any], weighted: bool) -> list[str]:
    groups = ", groups.iloc[train]" if train["groups"] else ""
    weights = ", sample_weight=weights.iloc[rows]" if weighted else ""
    return [
        f"folds = {_folds(writer, train)}",
        "scores = {name: [] for name in scorers}",
        f"for fit_rows, score_rows in folds.split(X.iloc[train], y.iloc[train]{groups}):",
        "    fold_model, rows = fitted(train[fit_rows]), train[score_rows]",
        "    for name, scorer in scorers.items():",
        f"        scores[name].append(scorer(fold_model, X.iloc[rows], y.iloc[rows]{weights}))",
        "for name, values in scores.items():",
        '    print(f"cv_{name}: {numpy.mean(values)}")',
    ]


def _holdout(train: Mapping[str, Any], weighted: bool) -> list[str]:
    if "data" in train["holdout"]:
        held, weights = "X_other[X.columns], y_other", "weights_other"
    else:
        held, weights = "X.iloc[test], y.iloc[test]", "weights.iloc[test]"
    given = f", sample_weight={weights}" if weighted else ""
    return ["for name, scorer in scorers.items():", f'    print(f"holdout_{{name}}: {{scorer(final, {held}{given})}}")']
