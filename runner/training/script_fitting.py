"""The part of an exported script that makes and fits the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runner.training.python_writer import TARGET, PythonWriter, joined, literal

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
_ASKING = '''
def ask_for_weights(made):
    """Ask for the weights in each fit and score, but not in those of the preprocessing."""
    for name, part in {"": made, **made.get_params()}.items():
        for method in ("fit", "score"):
            takes = inspect.signature(getattr(part, method, len)).parameters
            if hasattr(part, f"set_{method}_request") and "sample_weight" in takes:
                getattr(part, f"set_{method}_request")(sample_weight="preprocessing" not in name.split("__"))
'''
_SEEDS = """# Fix every seed that is not set.
names = [name for name, value in model.get_params().items() if name.split("__")[-1] == "random_state" and value is None]
model.set_params(**{{name: {seed} for name in names}})"""


def write_model(writer: PythonWriter, declaration: Mapping[str, Any], names: Iterable[str]) -> None:
    """Write the unfitted model as ``model``, and the functions that it and the scorers of these names need."""
    train, tree = declaration["train"], declaration["estimator"]
    if chooses_label(train, names):
        writer.need("inspect")
        writer.need("sklearn.metrics.get_scorer")
        writer.add("", _POSITIVE.strip(), "")
    if declaration["preprocessing"]:
        steps = [["preprocessing", declaration["preprocessing"]], ["estimator", tree]]
        tree = {TARGET: "sklearn.pipeline.Pipeline", "steps": steps}
    writer.add(f"model = {_decided(writer, train, writer.expression(tree))}", _SEEDS.format(seed=repr(train["seed"])))


def chooses_label(train: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Return whether one of the scorers needs to know which of two classes is positive."""
    metric = train["threshold"]["metric"] if _is_tuned(train) else None
    return not _POSITIVE_SCORERS.isdisjoint([*names, metric])


def fitting(writer: PythonWriter, train: Mapping[str, Any]) -> list[str]:
    """Return the lines of a function that fits the model to the rows at some positions."""
    lines = ["def fitted(rows):", f"    made = {writer.need('sklearn.base.clone')}(model)"]
    if train["groups"] and (train["calibrate"] or _is_tuned(train)) and not _is_folded_twice(train):
        kind = writer.need("sklearn.model_selection.StratifiedGroupKFold")
        name = "estimator__cv" if train["calibrate"] and train["threshold"] is not None else "cv"
        lines += [
            f"    inner = {kind}(5).split(X.iloc[rows], y.iloc[rows], groups.iloc[rows])",
            f"    made.set_params({name}=list(inner))",
        ]
    if _is_routed(train):
        return _routed(writer, train, lines)
    options = ""
    if train["sample_weight"]:
        lines.append('    name = "estimator__sample_weight" if hasattr(model, "steps") else "sample_weight"')
        options = ", **{name: weights.iloc[rows]}"
    return [*lines, f"    return made.fit(X.iloc[rows], y.iloc[rows]{options})"]


def _routed(writer: PythonWriter, train: Mapping[str, Any], lines: list[str]) -> list[str]:
    """Return a function that passes weights and groups on to the fits within a calibration or a threshold."""
    lines.append(f"    with {writer.need('sklearn.config_context')}(enable_metadata_routing=True):")
    before, options = list[str](), ""
    if train["sample_weight"]:
        writer.need("inspect")
        before = [*_ASKING.strip().split("\n"), "", ""]
        lines.append("        ask_for_weights(made)")
        lines += ["        made.scoring.set_score_request(sample_weight=True)"] if _is_tuned(train) else []
        options = ", sample_weight=weights.iloc[rows]"
    if train["groups"] and _is_folded_twice(train):
        options += ", groups=groups.iloc[rows]"
    return [*before, *lines, f"        return made.fit(X.iloc[rows], y.iloc[rows]{options})"]


def _decided(writer: PythonWriter, train: Mapping[str, Any], made: str) -> str:
    """Return a model in its calibration and its threshold."""
    folds = []
    if train["groups"] and _is_folded_twice(train):
        folds = [f"cv={writer.need('sklearn.model_selection.StratifiedGroupKFold')}(5)"]
    if train["calibrate"]:
        kind = writer.need("sklearn.calibration.CalibratedClassifierCV")
        made = joined(f"{kind}(", [made, f"method={literal(train['calibrate'])}", *folds], ")")
    if _is_tuned(train):
        kind = writer.need("sklearn.model_selection.TunedThresholdClassifierCV")
        return joined(f"{kind}(", [made, f"scoring={_scoring(writer, train)}", *folds], ")")
    if train["threshold"] is None:
        return made
    kind = writer.need("sklearn.model_selection.FixedThresholdClassifier")
    return joined(f"{kind}(", [made, f"threshold={train['threshold']!r}"], ")")


def _scoring(writer: PythonWriter, train: Mapping[str, Any]) -> str:
    metric = literal(train["threshold"]["metric"])
    if chooses_label(train, []):
        return f"scorer_of({metric})"
    return f"{writer.need('sklearn.metrics.get_scorer')}({metric})" if train["sample_weight"] else metric


def _is_tuned(train: Mapping[str, Any]) -> bool:
    return isinstance(train["threshold"], Mapping)


def _is_folded_twice(train: Mapping[str, Any]) -> bool:
    """Return whether the folds of a threshold have those of a calibration within."""
    return _is_tuned(train) and bool(train["calibrate"])


def _is_routed(train: Mapping[str, Any]) -> bool:
    if train["sample_weight"]:
        return bool(train["calibrate"]) or train["threshold"] is not None
    return bool(train["groups"]) and _is_folded_twice(train)
