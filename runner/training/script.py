"""Writes a declared training as a plain scikit-learn script that gives the same scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.errors import UserError
from runner.training.declaration import BUNDLED, VARIABLE

_TARGET = "_target_"
_READERS = {".tsv": "sep='\\t'", ".jsonl": "lines=True"}
_FUNCTIONS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".parquet": "read_parquet",
    ".json": "read_json",
    ".jsonl": "read_json",
}
_STANDARD = ("inspect",)
_WIDTH = 110
_POSITIVE_SCORERS = frozenset(["f1", "precision", "recall", "jaccard", "average_precision", "neg_brier_score"])
_POSITIVE = '''
def scorer_of(name):
    """Return a scorer. Of two classes, the last one counts as positive."""
    scorer = get_scorer(name)
    labels = sorted(y.unique())
    takes, given = inspect.signature(scorer._score_func).parameters, scorer._kwargs
    is_text = len(labels) == 2 and set(labels) not in ({0, 1}, {-1, 1})
    if is_text and "pos_label" in {*takes} - {*given} and given.get("average", "binary") == "binary":
        scorer._kwargs = {**given, "pos_label": labels[1]}
    return scorer
'''
_SEEDS = """# Fix every seed that is not set.
names = [name for name, value in model.get_params().items() if name.split("__")[-1] == "random_state" and value is None]
model.set_params(**{{name: {seed} for name in names}})"""


class _Writer:
    """Collects the imports and lines of a script."""

    def __init__(self) -> None:
        self._imports: dict[str, set[str]] = {}
        self._parts: list[str] = []

    def need(self, dotted: str) -> str:
        """Import a name from its module; return the name."""
        module, _, name = dotted.rpartition(".")
        self._imports.setdefault(module or name, set()).update({name} if module else ())
        return name

    def add(self, *lines: str) -> None:
        """Add lines of a paragraph."""
        self._parts.append("\n".join(lines))

    def expression(self, tree: Any) -> str:
        """Return plain data as Python, with the objects that it describes."""
        if isinstance(tree, list):
            items = [self.expression(item) for item in tree]
            is_step = len(tree) in (2, 3) and isinstance(tree[0], str) and any(map(_is_described, tree[1:]))
            return _joined("(", items, ")") if is_step else _joined("[", items, "]")
        if not isinstance(tree, Mapping):
            return _literal(tree)
        if _TARGET not in tree:
            return _joined("{", [f"{_literal(key)}: {self.expression(value)}" for key, value in tree.items()], "}")
        _check_names([*str(tree[_TARGET]).split("."), *tree])
        values = [f"{key}={self.expression(value)}" for key, value in tree.items() if key != _TARGET]
        return _joined(f"{self.need(tree[_TARGET])}(", values, ")")

    def text(self, title: str) -> str:
        """Return the script."""
        modules = sorted(self._imports, key=lambda module: (bool(self._imports[module]), module))
        lines = [_import(module, self._imports[module]) for module in modules if module not in _STANDARD]
        standard = [f"import {module}" for module in modules if module in _STANDARD]
        blocks = ["\n".join(block) for block in (standard, lines) if block]
        return "\n\n".join([f'"""{title}"""', *blocks, *self._parts]) + "\n"


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
    train, writer = declaration["train"], _Writer()
    _load(writer, train, paths)
    _model(writer, declaration)
    _split(writer, train, paths)
    names = list(scorers)
    if names:
        _score(writer, train, names)
    name = str(config["estimator"].get(_TARGET)).rpartition(".")[2]
    return writer.text(f"Trains a {name}, as run {run_id} of vivero did.")


def _import(module: str, names: Iterable[str]) -> str:
    shown = ", ".join(sorted(names))
    return f"from {module} import {shown}" if shown else f"import {module}"


def _literal(value: Any) -> str:
    """Return a plain value as Python, with texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def _check_names(names: Iterable[Any]) -> None:
    """Refuse what cannot be a name in Python: a record may come from somebody else."""
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise UserError(f"The recorded training names {str(name)[:80]!r}, which is not a name in Python")


def _is_described(item: Any) -> bool:
    return isinstance(item, Mapping) or item in ("passthrough", "drop")


def _joined(begin: str, items: list[str], end: str) -> str:
    line = f"{begin}{', '.join(items)}{',' if begin == '(' and len(items) == 1 else ''}{end}"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {line}\n" for item in items for line in f"{item},".split("\n"))
    return f"{begin}\n{inner}{end}"


def _read(writer: _Writer, place: str) -> list[str]:
    """Return the lines that load a table named ``data``."""
    if place.startswith(BUNDLED):
        name = place.removeprefix(BUNDLED)
        _check_names([name])
        function = writer.need(f"sklearn.datasets.load_{name}")
        lines = [f"loaded = {function}(as_frame=True)", "data = loaded.frame.copy()"]
        if name in ("iris", "wine", "breast_cancer"):
            lines.append('data["target"] = [str(loaded.target_names[number]) for number in loaded.target]')
        return lines
    ending = next((one for one in sorted(_FUNCTIONS, key=len, reverse=True) if place.lower().endswith(one)), ".csv")
    options = ", ".join([_literal(place), *filter(None, [_READERS.get(ending)])])
    return [f"data = {writer.need('pandas')}.{_FUNCTIONS[ending]}({options})"]


def _load(writer: _Writer, train: Mapping[str, Any], paths: Mapping[str, str]) -> None:
    place = train["data"] if train["data"].startswith(BUNDLED) else paths["train"]
    writer.add(*_read(writer, place), *_columns(train))


def _columns(train: Mapping[str, Any], data: str = "data", ending: str = "") -> list[str]:
    """Return the lines that take features, target, groups and weights from a table."""
    target, features = train["target"] or "target", train["features"]
    others = [target, *(train[name] for name in ("groups", "sample_weight") if train[name])]
    if features["keep"]:
        chosen = f"{data}[{_literal([name for name in features['keep'] if name not in features['drop']])}]"
    else:
        chosen = f"{data}[{data}.columns.drop({_literal([*others, *features['drop']])})]"
    lines = [f"X{ending} = {chosen}", f"y{ending} = {data}[{_literal(target)}]"]
    lines += [f"groups{ending} = {data}[{_literal(train['groups'])}]"] if train["groups"] else []
    return lines + ([f"weights{ending} = {data}[{_literal(train['sample_weight'])}]"] if train["sample_weight"] else [])


def _model(writer: _Writer, declaration: Mapping[str, Any]) -> None:
    train, tree = declaration["train"], declaration["estimator"]
    if declaration["preprocessing"]:
        steps = [["preprocessing", declaration["preprocessing"]], ["estimator", tree]]
        tree = {_TARGET: "sklearn.pipeline.Pipeline", "steps": steps}
    made = writer.expression(tree)
    if train["calibrate"]:
        kind = writer.need("sklearn.calibration.CalibratedClassifierCV")
        made = _joined(f"{kind}(", [made, f"method={_literal(train['calibrate'])}"], ")")
    if isinstance(train["threshold"], Mapping):
        kind = writer.need("sklearn.model_selection.TunedThresholdClassifierCV")
        made = _joined(f"{kind}(", [made, f"scoring={_literal(train['threshold']['metric'])}"], ")")
    elif train["threshold"] is not None:
        kind = writer.need("sklearn.model_selection.FixedThresholdClassifier")
        made = _joined(f"{kind}(", [made, f"threshold={train['threshold']!r}"], ")")
    writer.add(f"model = {made}", _SEEDS.format(seed=repr(train["seed"])))


def _split(writer: _Writer, train: Mapping[str, Any], paths: Mapping[str, str]) -> None:
    """Write the split in training rows and holdout, as positions ``train`` and ``test``, and the folds."""
    numpy, settings = writer.need("numpy"), train["holdout"]
    everything = f"{numpy}.arange(len(data))"
    if settings is None or "data" in settings:
        writer.add(f"train = {everything}")
    elif "after" in settings:
        writer.need("pandas")
        writer.add(
            f"times = data[{_literal(settings['column'])}]",
            f"limit = {_literal(settings['after'])}",
            "if not pandas.api.types.is_numeric_dtype(times):",
            "    times, limit = pandas.to_datetime(times), pandas.Timestamp(str(limit))",
            f"train, test = {numpy}.flatnonzero(~(times > limit)), {numpy}.flatnonzero(times > limit)",
        )
    elif train["groups"]:
        kind = writer.need("sklearn.model_selection.GroupShuffleSplit")
        writer.add(
            f"splitter = {kind}(n_splits=1, test_size={settings['size']!r}, random_state={settings['seed']!r})",
            f"train, test = next(splitter.split({everything}, groups=groups))",
        )
    else:
        function = writer.need("sklearn.model_selection.train_test_split")
        check = writer.need("sklearn.base.is_classifier")
        stratify = settings["stratify"]
        chosen = f"y if {check}(model) else None" if stratify is None else "y" if stratify else "None"
        size, state = f"test_size={settings['size']!r}", f"random_state={settings['seed']!r}"
        made = _joined(f"{function}(", [everything, size, state, f"stratify={chosen}"], ")")
        writer.add(f"train, test = {made}")
    if settings is not None and "data" in settings:
        place = settings["data"] if settings["data"].startswith(BUNDLED) else paths["holdout"]
        lines = [line.replace("data = ", "other = ").replace("data[", "other[") for line in _read(writer, place)]
        writer.add(*lines, *_columns(train, "other", "_other"))


def _folds(writer: _Writer, train: Mapping[str, Any]) -> str:
    settings, seed = train["cross_validation"], train["seed"]
    if _TARGET in settings:
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


def _score(writer: _Writer, train: Mapping[str, Any], names: list[str]) -> None:
    chooses = not _POSITIVE_SCORERS.isdisjoint(names)
    scorer, weighted = writer.need("sklearn.metrics.get_scorer"), bool(train["sample_weight"])
    if chooses:
        writer.need("inspect")
        writer.add("", _POSITIVE.strip(), "")
        scorer = "scorer_of"
    writer.add(f"scorers = {{name: {scorer}(name) for name in {_literal(names)}}}")
    writer.add("", *_fitting(writer, weighted), "")
    if train["cross_validation"] is not None:
        writer.add(*_cross_validation(writer, train, weighted))
    writer.add("final = fitted(train)")
    if train["holdout"] is not None:
        writer.add(*_holdout(train, weighted))
    writer.add(f'{writer.need("joblib")}.dump(final, "model.joblib")')


def _fitting(writer: _Writer, weighted: bool) -> list[str]:
    clone = writer.need("sklearn.base.clone")
    if not weighted:
        return ["def fitted(rows):", f"    return {clone}(model).fit(X.iloc[rows], y.iloc[rows])"]
    return [
        "def fitted(rows):",
        '    name = "estimator__sample_weight" if hasattr(model, "steps") else "sample_weight"',
        f"    return {clone}(model).fit(X.iloc[rows], y.iloc[rows], **{{name: weights.iloc[rows]}})",
    ]


def _cross_validation(writer: _Writer, train: Mapping[str, Any], weighted: bool) -> list[str]:
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
