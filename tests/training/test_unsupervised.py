"""Clusters, outliers and components are found, measured, exported as a script, and served."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from serving.data.schema import read_schema
from tests.support.command_line import CommandLine
from tests.support.exported_scripts import COVERS, script_scores
from tests.support.training import declared, module, option, train

CLUSTERS, OUTLIERS, COMPONENTS = ("k_means", "gaussian_mixture"), ("isolation_forest", "one_class_svm"), (
    "pca", "truncated_svd",
)  # fmt: skip
DATA = ("iris", "wine", "breast_cancer", "digits", "diabetes")


def blobs(folder: Path, **columns: Any) -> Path:
    draw = np.random.default_rng(0)
    kind = np.arange(120) % 3
    table = {"a": kind * 10 + draw.normal(size=120), "b": draw.normal(size=120), **columns}
    pd.DataFrame({**table, "kind": kind}).to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


@pytest.mark.sampled(10, covers=COVERS)
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", [*CLUSTERS, *OUTLIERS, *COMPONENTS])
def test_every_option_and_its_script(name: str, data: str, tmp_path: Path, monkeypatch: Any) -> None:
    text = declared(name, "standard", data=f"sklearn:{data}", cross_validation=3)
    kept = train(text, monkeypatch, tmp_path)
    scores, space = script_scores(text, kept, tmp_path, monkeypatch)
    names = [
        one for one in kept.values
        if one.startswith(("cv_", "holdout_")) and not one.endswith(("_std", "outlier_share")) and one != "cv_score"
    ]  # fmt: skip
    assert {one: kept.last(one) for one in names} == scores
    assert bool(scores) == (name not in OUTLIERS or data == "breast_cancer")
    method = "transform" if name in COMPONENTS else "predict"
    answers = [getattr(model, method)(space["X"]) for model in (kept.model(), space["final"])]
    assert np.array_equal(*answers)
    assert "## Found" in kept.texts["model-card.md"] and "target" not in ast.literal_eval(kept.texts["signature.json"])
    assert method in read_schema(kept.model()).methods


def test_measures_are_those_of_scikit_learn(tmp_path: Path, monkeypatch: Any) -> None:
    path = blobs(tmp_path)
    text = declared(
        {**option("estimator", "k_means"), "n_clusters": 3}, data="./t.csv", target="kind", holdout={"data": "./t.csv"}
    )
    kept = train(text, monkeypatch, tmp_path, train=path, holdout=path)
    table, model = pd.read_csv(path), kept.model()
    labels = model.predict(table[["a", "b"]])
    assert kept.last("holdout_silhouette") == silhouette_score(table[["a", "b"]], labels)
    assert kept.last("holdout_adjusted_rand") == adjusted_rand_score(table["kind"], labels) == 1
    assert kept.tables["found"]["training_rows"] == [40, 40, 40]


def test_the_rarer_target_is_the_outlier(tmp_path: Path, monkeypatch: Any) -> None:
    path = blobs(tmp_path)
    table = pd.read_csv(path)
    table["odd"] = np.where(np.arange(120) % 20 == 0, "yes", "no")
    table.loc[table["odd"] == "yes", "b"] += 50
    table.drop(columns="kind").to_csv(path, index=False)
    compared = declared("isolation_forest", data="./t.csv", target="odd")
    assert train(compared, monkeypatch, tmp_path, train=path).last("holdout_roc_auc") == 1
    alone = train(declared("isolation_forest", "mixed_table", data="./t.csv"), monkeypatch, tmp_path, train=path)
    assert "cv_score" not in alone.values and 0 < alone.last("holdout_outlier_share") < 0.5


MISTAKES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no predict": ({"_target_": "sklearn.cluster.DBSCAN"}, {}, "DBSCAN cannot be applied to other rows"),
    "novelty": ({"_target_": "sklearn.neighbors.LocalOutlierFactor"}, {}, "Set estimator.novelty=true"),
    "scoring": ("k_means", {"scoring": "accuracy"}, "no effect on an estimator that finds clusters"),
    "one cluster": ({**option("estimator", "k_means"), "n_clusters": 1}, {}, "all rows are in one cluster"),
    "calibrate": ("pca", {"calibrate": "sigmoid"}, "train.calibrate needs a classifier"),
    "a supervised one": ("svc", {"data": "./t.csv"}, "train.target is not set"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    tree, settings, expected = MISTAKES[name]
    with pytest.raises(module("mistakes").Mistake) as caught:
        train(declared(tree, **{"data": "sklearn:iris", **settings}), monkeypatch, tmp_path, train=blobs(tmp_path))
    assert expected in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.slow("runs three trainings", seconds=60)
def test_as_a_user_starts_it(command_line: CommandLine) -> None:
    blobs(command_line.folder)
    done = command_line.run("train.data=./t.csv", "estimator=pca", "preprocessing=standard", "model.name=parts")
    assert done.returncode == 0 and "reconstruction_r2" in done.stdout, done.stderr
    assert "| component |" in command_line.vivero("models", "show", "parts").stdout
    done = command_line.run(
        "-m", "train.data=./t.csv", "train.target=kind", "estimator=k_means", "estimator.n_clusters=2,3"
    )
    assert done.returncode == 0, done.stderr
    assert "adjusted_rand" in command_line.vivero("show", "latest").stdout
    done = command_line.run("train.data=./t.csv", "estimator=svc")
    assert done.returncode == 1 and "train.target is not set" in done.stderr
