"""`Workspace.train` with options, live objects and data frames."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from runner.api import UserError, Workspace


@pytest.mark.slow("trains twice", seconds=60)
def test_a_live_object_is_trained_as_in_python(started: Workspace) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, random_state=0))
    loaded = load_iris(as_frame=True)
    table = loaded.data.assign(kind=loaded.target_names[loaded.target])
    run = started.train(model, table, "kind", model="flowers", cross_validation=3, permutation_repeats=0).wait()
    assert run.status == "completed", run.error
    rows, _, target, _ = train_test_split(
        loaded.data, table["kind"], test_size=0.2, random_state=0, stratify=table["kind"]
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    assert run.metrics["cv_accuracy"] == cross_val_score(model, rows, target, cv=folds).mean()
    assert [version.reference for version in started.data.get("flowers").versions()] == ["flowers:1"]
    again = started.train(
        "svc", "flowers:1", "kind", preprocessing="standard", cross_validation=folds, holdout=None
    ).wait()
    assert again.status == "completed" and "holdout_accuracy" not in again.metrics


@pytest.mark.slow("trains once", seconds=60)
def test_a_file_and_more_words(started: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "größe 1.csv"
    load_iris(as_frame=True).frame.to_csv(path, index=False)
    run = started.train({"_target_": "sklearn.svm.SVC"}, path, "target", overrides=["job.tags.team=a"]).wait()
    assert run.status == "completed" and run.tags["team"] == "a"


MISTAKES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "train has no setting 'holduot'. Did you mean 'holdout'?": (("svc", "sklearn:iris"), {"holduot": 0.2}),
    "Unknown estimator 'svcc'. Did you mean 'svc'?": (("svcc", "sklearn:iris"), {}),
    "estimator: 7 is not an estimator": ((7, "sklearn:iris"), {}),
    "data: int is not data that can be trained on": (("svc", 7), {}),
    "train.target is not set": (("svc", pd.DataFrame({"a": [1]})), {}),
    "classes of os are not allowed": (({"_target_": "os.system"}, "sklearn:iris"), {}),
}  # fmt: skip


@pytest.mark.parametrize("expected", MISTAKES)
def test_a_mistake_is_one_line(expected: str, started: Workspace) -> None:
    words, settings = MISTAKES[expected]
    with pytest.raises(UserError) as caught:
        started.train(*words, **settings)
    assert expected in str(caught.value) and "\n" not in str(caught.value)
    assert started.runs().total == 0
