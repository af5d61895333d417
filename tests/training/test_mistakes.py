"""A mistake in a declared training gets one line, in the program or before it starts."""

import sys
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from tests.support.command_line import CommandLine
from tests.support.training import declared, module, train

TABLE = """\
id,city,age,spent,left,same,change,nothing,endless
1,A,20,1.5,no,7,2,0,1
2,B,,2.5,yes,7,-3,0,inf
3,A,30,3.5,no,7,0,0,2
4,B,40,4.5,yes,7,1,0,2
5,A,50,5.5,no,7,1,0,2
6,B,60,6.5,rare,7,1,0,2
"""
SVC = {"_target_": "sklearn.svm.SVC"}
OWN: dict[str, tuple[dict[str, Any], str]] = {
    "column": ({"target": "lft"}, "train.target: the data has no column 'lft'. Did you mean 'left'?"),
    "constant": ({"target": "same"}, "train.target: 'same' has the same value in all rows"),
    "missing": ({"target": "age"}, "train.target: 1 row has no 'age'. Remove it"),
    "few": ({"holdout": None}, "train.cross_validation: class 'rare' has 1 row, fewer than the 5 folds"),
    "split": ({}, "train.holdout: class 'rare' has only 1 row, which cannot be on both sides"),
    "fractions": (
        {"target": "spent"},
        "train.target: 'spent' has fractions such as 1.5, but the estimator predicts classes. "
        "Choose one that predicts numbers, such as estimator=ridge",
    ),
    "groups": ({"groups": "household"}, "train.groups: the data has no column 'household'"),
    "no group": ({"groups": "age"}, "train.groups: 1 row has no 'age'. Remove it"),
    "weights": ({"sample_weight": "city"}, "train.sample_weight: 'city' is not numeric"),
    "no weight": ({"sample_weight": "age"}, "train.sample_weight: 1 row has no 'age'. Remove it"),
    "negative": (
        {"sample_weight": "change"},
        "train.sample_weight: 'change' has -3, but weights are numbers from 0 on",
    ),
    "zero": ({"sample_weight": "nothing"}, "train.sample_weight: 'nothing' is 0 in all rows"),
    "endless": ({"sample_weight": "endless"}, "train.sample_weight: 'endless' has inf, but weights are numbers from 0"),
    "groups of folds": (
        {"cross_validation": {"_target_": "sklearn.model_selection.GroupKFold"}, "holdout": None},
        "train.cross_validation: The 'groups' parameter should not be None. Set train.groups=COLUMN",
    ),
    "after": ({"holdout": {"after": 3, "column": "since"}}, "train.holdout.column: the data has no column 'since'"),
    "none after": ({"holdout": {"after": 9, "column": "id"}}, "train.holdout leaves no rows in the holdout"),
    "all after": ({"holdout": {"after": 0, "column": "id"}}, "train.holdout leaves no rows to train on"),
    "no date": (
        {"holdout": {"after": "2025-01-01", "column": "city"}},
        "train.holdout.after=2025-01-01: 'city' has 'A', which is not a date such as 2026-03-01",
    ),
    "slices": ({"slices": ["citty"]}, "train.slices: the data has no column 'citty'. Did you mean 'city'?"),
    "threshold": (
        {"threshold": {"metric": "f11"}},
        "train.threshold.metric: scikit-learn has no scorer 'f11'. Did you mean 'f1'?",
    ),
    "scorer": (
        {"scoring": ["acuracy"], "holdout": None},
        "no scorer 'acuracy'. Did you mean 'accuracy'?",
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_a_table_that_does_not_fit(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    settings, expected = OWN[name]
    text = declared(SVC, data="./t.csv", **{"target": "left", **settings})
    with pytest.raises(Exception, match=r".") as caught:
        train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    assert type(caught.value).__name__ == "Mistake"
    assert str(caught.value).startswith(expected) or expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_table_with_another_separator(separator: str, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "t.csv").write_text(TABLE.replace(",", separator))
    with pytest.raises(Exception, match="Separate its columns by commas") as caught:
        train(declared(SVC, data="./t.csv", target="left"), monkeypatch, tmp_path, train=tmp_path / "t.csv")
    assert f"train.data: t.csv is separated by {separator!r}" in str(caught.value)


TREES: dict[str, tuple[Any, str]] = {
    "parameter": ({**SVC, "gama": 1}, "estimator.gama: SVC has no parameter 'gama'. Did you mean 'gamma'?"),
    "range": ({**SVC, "C": -1}, "SVC cannot be fitted: The 'C' parameter of SVC must be a float"),
    "class": ({"_target_": "sklearn.svm.SVX"}, "sklearn.svm has no class SVX. Did you mean 'SV"),
    "module": ({"_target_": "sklearn.svn.SVC"}, "estimator._target_=sklearn.svn.SVC cannot be imported"),
    "function": ({"_target_": "sklearn.datasets.load_iris"}, "is not the class of an estimator or splitter"),
    "reached": ({"_target_": "sklearn.utils.fixes.Path"}, "estimator._target_"),
    "scaler": ({"_target_": "sklearn.preprocessing.StandardScaler"}, "neither a classifier nor a regressor"),
    "nested": (
        {"_target_": "sklearn.ensemble.BaggingClassifier", "estimator": {**SVC, "CC": 1}},
        "estimator.estimator.CC: SVC has no parameter 'CC'",
    ),
    "numbers": ({"_target_": "sklearn.svm.SVR"}, "'target' is not numeric"),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_an_estimator_that_cannot_be(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    tree, expected = TREES[name]
    with pytest.raises(Exception, match=r".") as caught:
        train(declared(tree, data="sklearn:iris"), monkeypatch, tmp_path)
    assert type(caught.value).__name__ == "Mistake" and expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_helps_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "t.csv").write_text(TABLE.replace("rare", "yes"))
    for drop in ([], ["city"]):
        from runner.config.training_settings import FeaturesConfig

        text = declared(
            SVC, data="./t.csv", target="left", holdout=None, cross_validation=2, features=FeaturesConfig(drop=drop)
        )
        with pytest.raises(Exception, match="preprocessing=mixed_table fills missing values and encodes texts"):
            train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")


@pytest.mark.parametrize(("mine", "other"), [("1", "much"), ("little", "2")])
def test_a_holdout_with_columns_of_another_kind(mine: str, other: str, tmp_path: Path, monkeypatch: Any) -> None:
    for name, value in (("a", mine), ("b", other)):
        rows = [f"{value},{number},{'yes' if number % 2 else 'no'}" for number in range(30)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["größe,age,left", *rows]) + "\n")
    text = declared(SVC, "mixed_table", data="./a.csv", target="left", holdout={"data": "./b.csv"})
    expected = "'größe' has texts, but in train.data it has numbers"
    if mine == "little":
        expected = "'größe' has numbers, but in train.data it has texts"
    with pytest.raises(module("mistakes").Mistake, match=f"train.holdout.data: {expected}"):
        train(text, monkeypatch, tmp_path, train=tmp_path / "a.csv", holdout=tmp_path / "b.csv")


def test_nothing_outside_the_allowlist_is_imported(tmp_path: Path, monkeypatch: Any) -> None:
    marker = tmp_path / "imported"
    (tmp_path / "outsider.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass Model: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "outsider", raising=False)
    build = module("models.building").build
    tree = {"_target_": "outsider.Model"}
    for outer in (tree, [["a", tree]], {"x": tree}):
        with pytest.raises(Exception, match="classes of outsider are not allowed"):
            build(outer, "estimator", ("sklearn",))
    assert not marker.exists()
    with pytest.raises(Exception, match="is not the class of an estimator"):
        build(tree, "estimator", ("sklearn", "outsider"))
    assert marker.exists()


WORDS = {
    "train.data=sklearn:iris": "train.data has no effect without an estimator",
    "estimator=svc": "train.data is not set",
    "estimator=svc train.data=./src": "train.target is not set",
    "estimator=svcc train.data=sklearn:iris": "Unknown estimator 'svcc'. Did you mean 'svc'?",
    "estimator=svc train.data=sklearn:iris job.source=src job.script=train.py": "cannot be combined with job.source",
    "estimator._target_=os.system train.data=sklearn:iris": "classes of os are not allowed",
    "estimator._target_=7 train.data=sklearn:iris": "must be a class such as sklearn.svm.SVC, not '7'",
    "estimator=svc estimator._partial_=true train.data=sklearn:iris": "estimator._partial_ is not supported",
    "estimator=svc train.data=sklearn:iris train.holdout=1.0": "train.holdout.size=1 leaves no rows to train on",
    "estimator=svc train.data=sklearn:iris train.holdout=-1": "train.holdout.size=-1 is not a share",
    "estimator=svc train.data=sklearn:iris train.holdout={sise: 1}": "Unknown key 'train.holdout.sise'. Did you mean",
    "estimator=svc train.data=sklearn:iris train.holdout={after: 3}": "train.holdout needs column too",
    "estimator=svc train.data=sklearn:iris train.cross_validation=1": "train.cross_validation.folds=1 must be",
    "estimator=svc train.data=sklearn:iris train.treshold=0.3": "Did you mean 'train.threshold'?",
    "estimator=svc train.data=sklearn:iris train.threshold=3": "train.threshold=3 must be between 0 and 1",
    "estimator=svc train.data=sklearn:iris train.calibrate=izotonic": "Did you mean 'isotonic'?",
    "estimator=svc train.data=sklearn:iris train.scoring=[a b]": "train.scoring: 'a b' is not a scorer",
    "estimator=svc train.data=t.csv train.target=a": "Data asset 't.csv' does not exist",
    "estimator=svc train.data=./tt.csv train.target=a": "train.data: ./tt.csv does not exist. Did you mean 't.csv'?",
    "estimator=svc train.data=./t.csv train.target=a train.holdout={data: ./no}": "train.holdout.data: ./no does not",
    "estimator=svc train.data=./t.csv train.target=a train.holdout={data: no}": "'no' does not exist",
    "job.source=src job.script=train.py preprocessing=standard": "preprocessing has no effect without an estimator",
    "job.source=src job.script=train.py job.tags={_target_: os.system}": "_target_ is not allowed",
    "+estimator@hydra.callbacks.x=svc train.data=sklearn:iris": "hydra",
}  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.sampled(8, covers=["runner/training/*", "runner/config/targets.py", "runner/config/limits/*"])
def test_words_that_cannot_be(words: str, command_line: CommandLine) -> None:
    command_line.script("print(1)\n")
    (command_line.folder / "t.csv").write_text(TABLE)
    done = command_line.run(*_split(words))
    assert done.returncode == 1 and WORDS[words] in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and not command_line.workspace.exists()


def _split(words: str) -> list[str]:
    """Split words at spaces outside brackets."""
    made, depth = [""], 0
    for mark in words:
        depth += (mark in "[{") - (mark in "]}")
        if mark == " " and not depth:
            made.append("")
        else:
            made[-1] += mark
    return made


def test_a_declaration_has_a_limit() -> None:
    with pytest.raises(UserError, match="The limit is"):
        declared({**SVC, "kernel": "x" * 200_000}, data="sklearn:iris")


SCORERS = {
    (
        "svc",
        "r2",
    ): "train.scoring: r2 is for numbers, but the estimator predicts classes. For classes: accuracy, f1_macro",
    ("ridge", "f1"): "train.scoring: f1 is for classes, but the estimator predicts numbers. For numbers: r2",
    ("svc", "f1"): "multiclass but average='binary'",
    ("lda", "roc_auc"): "For more than two classes: roc_auc_ovr",
    ("svc", "precision"): "For more than two classes: precision_macro",
}


@pytest.mark.parametrize(("estimator", "scorer"), SCORERS)
def test_a_scorer_of_another_kind_of_target(estimator: str, scorer: str, tmp_path: Path, monkeypatch: Any) -> None:
    data = "sklearn:diabetes" if estimator == "ridge" else "sklearn:iris"
    with pytest.raises(module("mistakes").Mistake) as caught:
        train(declared(estimator, data=data, scoring=scorer), monkeypatch, tmp_path)
    assert SCORERS[estimator, scorer] in str(caught.value) and "\n" not in str(caught.value)


def test_a_threshold_by_a_score_of_numbers(tmp_path: Path, monkeypatch: Any) -> None:
    text = declared("lda", data="sklearn:breast_cancer", threshold={"metric": "r2"})
    with pytest.raises(module("mistakes").Mistake, match=r"train\.threshold\.metric: r2 is for numbers"):
        train(text, monkeypatch, tmp_path)
