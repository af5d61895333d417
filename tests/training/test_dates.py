"""Columns of dates are learned from as days, months and weekdays, and served as dates."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.training_settings import FeaturesConfig
from serving.data.frames import table
from serving.data.rows import Rows
from serving.data.schema import read_schema
from serving.errors import ServingError
from tests.support.training import declared, module, train

SINCE = pd.date_range("2023-01-01", periods=420, freq="36h")
FORMS: dict[str, Any] = {
    "days": SINCE.strftime("%Y-%m-%d"),
    "times": SINCE.strftime("%Y-%m-%dT%H:%M:%S"),
    "zone": SINCE.strftime("%Y-%m-%d %H:%M:%S+00:00"),
    "mixed": [f"{time:%Y-%m-%d}" if at % 2 else f"{time:%Y-%m-%dT%H:%M}" for at, time in enumerate(SINCE)],
    "missing": [None if at % 7 == 0 else f"{time:%Y-%m-%d}" for at, time in enumerate(SINCE)],
}


def written(folder: Path, since: Any, left: Any) -> Path:
    noise = np.random.default_rng(0).normal(size=len(left))
    pd.DataFrame({"since": since, "noise": noise, "left": left}).to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def trained(path: Path, monkeypatch: Any, **settings: Any) -> Any:
    text = declared(
        "logistic_regression", "mixed_table", data="./t.csv", target="left", permutation_repeats=0,
        features=FeaturesConfig(dates=["since"]), **settings,
    )  # fmt: skip
    return train(text, monkeypatch, path.parent, train=path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("by", ["month", "weekday"])
def test_a_month_and_a_weekday_are_learned(form: str, by: str, tmp_path: Path, monkeypatch: Any) -> None:
    left = np.where(SINCE.month.isin([3, 8, 12]) if by == "month" else SINCE.weekday > 4, "yes", "no")
    kept = trained(written(tmp_path, FORMS[form], left), monkeypatch)
    assert kept.last("cv_accuracy") > (0.9 if form == "missing" else 0.98)


def test_a_date_is_served_as_in_python(tmp_path: Path, monkeypatch: Any) -> None:
    left = np.where(SINCE.month > 6, "yes", "no")
    model = trained(written(tmp_path, FORMS["missing"], left), monkeypatch).model()
    schema = read_schema(model)
    assert [column.kind for column in schema.columns or ()] == ["date", "number"]
    texts = ["2026-03-01", "2026-08-31T23:59:59", None]
    rows = table(schema, Rows([[text, 0.5] for text in texts], ["since", "noise"]))
    expected = pd.DataFrame({"since": pd.to_datetime(texts, format="ISO8601"), "noise": 0.5})
    assert list(model.predict_proba(rows)[:, 1]) == list(model.predict_proba(expected)[:, 1])
    assert list(model.predict(rows.head(2))) == ["no", "yes"]
    zones = ["2026-03-01T00:30:00+02:00", "2026-02-28T22:30:00", None]
    mixed = table(schema, Rows([[text, 0.5] for text in zones], ["since", "noise"]))
    assert mixed["since"][0] == mixed["since"][1] == pd.Timestamp("2026-02-28T22:30:00")
    assert model.predict_proba(mixed)[0].tolist() == model.predict_proba(mixed)[1].tolist()
    with pytest.raises(ServingError, match="is not a date or time"):
        table(schema, Rows([["yesterday", 0.5]], ["since", "noise"]))


@pytest.mark.parametrize("value", ["01.02.2025", "2025-13-01", "soon", "20250101", "2025-01-01 and later", 7])
@pytest.mark.parametrize("place", ["dates", "limit", "column"])
def test_what_is_no_date_is_named(value: Any, place: str, tmp_path: Path, monkeypatch: Any) -> None:
    since = [*FORMS["days"][:-1], value if place != "limit" else FORMS["days"][-1]]
    holdout = {"after": value, "column": "since"} if place == "limit" else {"after": "2024-07-01", "column": "since"}
    path = written(tmp_path, since, np.where(SINCE.month > 6, "yes", "no"))
    features = FeaturesConfig(dates=["since"] if place == "dates" else [])
    text = declared("svc", "mixed_table", data="./t.csv", target="left", features=features, holdout=holdout)
    with pytest.raises(module("mistakes").Mistake) as caught:
        train(text, monkeypatch, tmp_path, train=path)
    assert "since" in str(caught.value) and str(value)[:7] in str(caught.value) and "\n" not in str(caught.value)


@given(st.lists(st.datetimes(pd.Timestamp("1700-01-01").to_pydatetime(), pd.Timestamp("2250-01-01").to_pydatetime())))
def test_any_time_is_read(times: Any) -> None:
    texts = pd.Series([time.isoformat() for time in times], name="since", dtype=object)
    read = module("tables.dates").as_times(texts, "train.features.dates")
    assert read.tolist() == [pd.Timestamp(time) for time in times]


def test_a_row_without_a_time_is_not_split_by_time(tmp_path: Path, monkeypatch: Any) -> None:
    path = written(tmp_path, FORMS["missing"], np.where(SINCE.month > 6, "yes", "no"))
    with pytest.raises(module("mistakes").Mistake, match="60 rows have no 'since'"):
        trained(path, monkeypatch, holdout={"after": "2024-01-01", "column": "since"})


@pytest.mark.parametrize("by_time", [True, False])
def test_times_on_both_sides_of_a_split(by_time: bool, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    path = written(tmp_path, FORMS["days"], np.where(np.arange(420) % 2, "yes", "no"))
    holdout: Any = {"after": "2024-03-01", "column": "since"} if by_time else 0.2
    trained(path, monkeypatch, holdout=holdout)
    assert ("the holdout is not later than" in capsys.readouterr().out) != by_time


def test_dates_that_were_not_declared(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    path = written(tmp_path, FORMS["days"], np.where(np.arange(420) % 2, "yes", "no"))
    train(declared("tree", "mixed_table", data="./t.csv", target="left"), monkeypatch, tmp_path, train=path)
    assert "Name it: train.features.dates=[since]" in capsys.readouterr().out
