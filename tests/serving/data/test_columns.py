"""Mixed tables: each value is checked against its column, and what comes through gives the bits of Python."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
    TargetEncoder,
)

from serving.data.columns import ANY, CATEGORY, DATE, NUMBER, TEXT, Column
from serving.data.schema import read_schema
from tests.support.estimators.mixed import MIXED, TABLE, TARGET

GOOD = {"age": 30, "sex": "f", "zip": "01234", "children": 2, "note": "a good day"}


def python_says(model: Any, *rows: Any) -> Any:
    frame = pd.DataFrame(list(rows), columns=list(GOOD))
    frame["age"] = frame["age"].astype(float)
    return model.predict_proba(frame.where(frame.notna(), np.nan)).tolist()


@pytest.mark.parametrize(
    "changed", [{}, {"age": None}, {"sex": None}, {"children": 2.0}, {"age": 41.5, "note": "bad"}, {"age": True}]
)
def test_what_the_columns_take(changed: Any, client: Any) -> None:
    row = {**GOOD, **changed}
    answer = client(m=MIXED).post("/score", json={"data": [GOOD, row], "method": "predict_proba"})
    assert answer.json["predict_proba"] == python_says(MIXED, GOOD, row)


FAULTS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "a word for a number": ({"age": "old"}, "wrong_type", "age"),
    "a list": ({"sex": ["m"]}, "wrong_type", "sex"),
    "an object": ({"age": {}}, "wrong_type", "age"),
    "a category never seen": ({"zip": "00000"}, "unknown_category", "zip"),
    "a number for a category of texts": ({"zip": 1234}, "unknown_category", "zip"),
    "no category": ({"zip": None}, "missing_value", "zip"),
    "no number where only the scaler would not mind": ({"children": None}, "missing_value", "children"),
    "a number for a text": ({"note": 3}, "wrong_type", "note"),
    "no text": ({"note": None}, "missing_value", "note"),
    "beyond every float": ({"age": 10**400}, None, None),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_by_row_and_column(name: str, client: Any) -> None:
    changed, code, column = FAULTS[name]
    answer = client(m=MIXED).post("/score", json={"data": [GOOD, {**GOOD, **changed}]})
    assert answer.status_code == 400, answer.data
    if code is not None:
        error = answer.json["error"]
        assert (error["code"], error["row"], error["column"]) == (code, 1, column)


def test_infinity_in_a_tensor(client: Any) -> None:
    server = client(m=make_column_transformer((StandardScaler(), [0, 1])).fit([[1.0, 2.0], [2.0, 4.0]]))
    tensor = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1e308 * 10, 1]}
    answer = server.post(
        "/v2/models/m/infer", data=__import__("json").dumps({"inputs": [tensor]}), content_type="application/json"
    )
    assert answer.status_code == 400


def test_the_known_categories_are_said(client: Any) -> None:
    message = client(m=MIXED).post("/score", json={"data": [{**GOOD, "zip": "x"}]}).json["error"]["message"]
    assert message == "Row 1, column 'zip': 'x' is not one of the model's categories: 01234, 55555, 98765"


def test_csv_cells_mean_what_the_column_holds(client: Any) -> None:
    text = "zip,age,sex,children,note\n01234,30,f,2,a good day\n98765,,m,1,bad\n"
    answer = client(m=MIXED).post("/invocations", data=text, content_type="text/csv")
    second = {"age": None, "sex": "m", "zip": "98765", "children": 1, "note": "bad"}
    assert answer.json["predictions"] == MIXED.predict(pd.DataFrame([GOOD, second])[list(GOOD)]).tolist()


def test_csv_cells_of_a_model_of_texts_stay_texts(client: Any) -> None:
    lines = ["true", "2.50", "day", "2.5", "True"]
    words = TfidfVectorizer(analyzer=str.split)
    model = make_pipeline(words, LogisticRegression()).fit(lines, [0, 1, 0, 0, 1])
    server = client(m=model)
    text = "".join(f"{line}\n" for line in ("note", *lines))
    answer = server.post("/invocations", data=text, content_type="text/csv")
    assert answer.json == {"predictions": model.predict(lines).tolist()}
    answer = server.post("/invocations", data="note\nday\nNA\n", content_type="text/csv")
    assert answer.status_code == 400 and answer.json["error"]["row"] == 1


def test_a_csv_cell_that_is_no_number_is_named(client: Any) -> None:
    text = "zip,age,sex,children,note\n01234,30,f,2,good\n01234,old,f,2,good\n"
    error = client(m=MIXED).post("/invocations", data=text, content_type="text/csv").json["error"]
    assert (error["code"], error["row"], error["column"]) == ("wrong_type", 1, "age")


def test_truth_values_of_a_csv(client: Any) -> None:
    frame = pd.DataFrame({"member": [True, False] * 10, "n": range(20)})
    model = make_pipeline(
        make_column_transformer((StandardScaler(), ["n"]), remainder="passthrough"), LogisticRegression()
    )
    model.fit(frame, [1, 0] * 10)
    text = "n,member\n3,true\n4,False\n"
    answer = client(m=model).post("/invocations", data=text, content_type="text/csv")
    assert answer.json == {"predictions": [1, 0]}


def test_categories_that_are_numbers(client: Any) -> None:
    frame = pd.DataFrame({"floor": [0, 1, 2, 3] * 6, "age": range(24)})
    encode = make_column_transformer((OneHotEncoder(), ["floor"]), (StandardScaler(), ["age"]))
    model = make_pipeline(encode, LogisticRegression()).fit(frame, [0, 1, 1, 0] * 6)
    server = client(m=model)
    expected = model.predict(frame[:4]).tolist()
    rows = frame[:4].to_dict("records")
    assert server.post("/score", json={"data": rows}).json["predict"] == expected
    text = frame[:4].to_csv(index=False)
    assert server.post("/invocations", data=text, content_type="text/csv").json == {"predictions": expected}
    for wrong in (4, "1"):
        error = server.post("/score", json={"data": [{"floor": wrong, "age": 1}]}).json["error"]
        assert (error["code"], error["column"]) == ("unknown_category", "floor")


@pytest.mark.parametrize(
    ("column", "of_numbers"),
    [
        (Column(NUMBER), True),
        (Column(CATEGORY, categories=(1, 2.5)), True),
        (Column(CATEGORY, categories=(1, "a")), False),
        (Column(CATEGORY), False),
        *((Column(kind), False) for kind in (TEXT, DATE, ANY)),
    ],
)
def test_what_holds_numbers(column: Column, of_numbers: bool) -> None:
    assert column.of_numbers == of_numbers


@pytest.mark.parametrize(
    ("encoder", "value", "status"),
    [
        (OneHotEncoder(handle_unknown="ignore"), "x", 200),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2), "x", 200),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), "x", 200),
        (OrdinalEncoder(), "x", 400),
        (TargetEncoder(), "x", 200),
        (OneHotEncoder(), None, 200),
    ],
)
def test_categories_never_seen_where_the_encoder_takes_them(
    encoder: Any, value: str | None, status: int, client: Any
) -> None:
    frame = TABLE[["sex", "children"]]
    model = make_pipeline(
        make_column_transformer((encoder, ["sex"]), remainder="passthrough"), HistGradientBoostingClassifier(max_iter=3)
    )
    model.fit(frame, TARGET)
    answer = client(m=model).post("/score", json={"data": [{"sex": value, "children": 1}]})
    assert answer.status_code == status, answer.data
    if status == 200:
        rows = pd.DataFrame({"sex": pd.Series([value if value else np.nan], dtype=object), "children": [1]})
        assert answer.json["predict"] == model.predict(rows).tolist()


def test_boosting_on_columns_of_categories(client: Any) -> None:
    frame = TABLE[["age", "sex", "children"]].astype({"sex": "category"})
    model = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=2).fit(frame, TARGET)
    server = client(m=model)
    for age, sex in ((30, "m"), (30, None), (30, "never seen"), (None, "m")):
        expected = model.predict_proba(
            pd.DataFrame({"age": [age or np.nan], "sex": pd.Series([sex], dtype=object), "children": [1]})
        )
        body = {"data": [{"age": age, "sex": sex, "children": 1}], "method": "predict_proba"}
        assert server.post("/score", json=body).json["predict_proba"] == expected.tolist()
    assert server.post("/score", json={"data": [{"age": "x", "sex": "m", "children": 1}]}).status_code == 400


def test_mixed_columns_below_a_vote(client: Any) -> None:
    encode = make_column_transformer((OneHotEncoder(), ["zip"]), (StandardScaler(), ["children"]))
    vote = VotingClassifier(
        [("a", make_pipeline(encode, LogisticRegression())), ("b", make_pipeline(encode, RandomForestClassifier(5)))]
    )
    model = vote.fit(TABLE[["zip", "children"]], TARGET)
    answer = client(m=model).post("/score", json={"data": [{"zip": "01234", "children": 1}]})
    assert answer.json["predict"] == model.predict(pd.DataFrame({"zip": ["01234"], "children": [1]})).tolist()


DAYS = pd.DataFrame(
    {"when": pd.to_datetime(["2026-01-01", "2026-02-03", "2026-03-05", "2026-04-07"]), "n": [1, 2, 3, 4]}
)
DATED = make_pipeline(
    make_column_transformer(
        (FunctionTransformer(lambda frame: frame.apply(lambda column: column.dt.month)), ["when"]),
        remainder="passthrough",
    ),
    LogisticRegression(),
).fit(DAYS, [0, 1, 0, 1])


def test_dates(registered_record: Any) -> None:
    from serving.data.rows import Rows
    from serving.dataplane.model import ServedModel

    served = ServedModel(registered_record, DATED, dates=["when"])
    rows = [{"when": "2026-02-03T10:00:00", "n": 2}, {"when": "2026-03-05", "n": 1}]
    expected = DATED.predict(
        pd.DataFrame({"when": pd.to_datetime(["2026-02-03T10:00:00", "2026-03-05"], format="ISO8601"), "n": [2, 1]})
    )
    assert np.array_equal(served.answer(Rows(rows), None, 10)[0], expected)
    for wrong in ("soon", "2026-13-01", 3):
        with pytest.raises(Exception, match="Row 1, column 'when'"):
            served.answer(Rows([{"when": wrong, "n": 1}]), None, 10)
    with pytest.raises(Exception, match="the model has no column 'whne'"):
        ServedModel(registered_record, DATED, dates=["whne"])


def test_a_model_that_takes_no_zeros_is_served(client: Any) -> None:
    rows = np.random.default_rng(0).random((20, 2)) + 1
    model = make_pipeline(PowerTransformer("box-cox"), LogisticRegression()).fit(rows, [0, 1] * 10)
    assert (
        client(m=model).post("/score", json={"data": rows[:3].tolist()}).json["predict"]
        == model.predict(rows[:3]).tolist()
    )


def columns_of(model: Any) -> tuple[Column, ...]:
    columns = read_schema(model).columns
    assert columns is not None
    return columns


def test_columns_are_read_off_the_transformers() -> None:
    columns = columns_of(MIXED)
    assert [column.kind for column in columns] == ["number", "category", "category", "number", "text"]
    assert columns[2].categories == ("01234", "55555", "98765") and not columns[2].others
    assert read_schema(LogisticRegression().fit([[0], [1]], [0, 1])).columns is None
    both = make_column_transformer((StandardScaler(), ["n"]), ("passthrough", ["n"]), ("drop", ["m"])).fit(
        pd.DataFrame({"n": [1, 2], "m": [1, 2]})
    )
    first, second = columns_of(both)
    assert first.kind == "number" and second == Column("any", marker=second.marker)
    selected = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_include=object)), remainder="passthrough"
    )
    kinds = [column.kind for column in columns_of(selected.fit(TABLE[["age", "sex"]].astype({"sex": object})))]
    assert kinds == ["any", "category"]


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_that_see_a_column_the_strictest_holds(turned: bool) -> None:
    strict, lenient = (OneHotEncoder(), ["c"]), (OneHotEncoder(handle_unknown="ignore"), ["c"])
    for other, others in ((lenient, False), (("passthrough", ["c"]), False), (("passthrough", ["c"]), True)):
        pair = [lenient if others else strict, other]
        (column,) = columns_of(
            make_column_transformer(*pair[:: -1 if turned else 1]).fit(pd.DataFrame({"c": ["a", "b"]}))
        )
        assert (column.kind, column.others, column.missing) == ("category", others, others)


def test_a_column_may_be_empty_where_its_transformer_takes_that() -> None:
    steps = {
        "note": (TfidfVectorizer(), "note"),
        "age": (StandardScaler(), ["age"]),
        "n": (PolynomialFeatures(), ["n"]),
    }
    frame = pd.DataFrame({"note": ["good", "bad"], "age": [1.0, 2.0], "n": [1.0, 2.0]})
    columns = columns_of(make_column_transformer(*steps.values()).fit(frame))
    assert [(column.kind, column.missing) for column in columns] == [
        ("text", False),
        ("number", True),
        ("number", False),
    ]


WORDS = np.array(["a", "b", None, "a", "b", "a"] * 4, dtype=object)
SIDES = [0, 1, 1, 0, 1, 0] * 4


def filled(marker: Any, strategy: str, form: str) -> Any:
    """Return a model that fills in `marker` before it encodes, fitted on an array, a frame or one column of a frame."""
    values = np.array([marker if word is None else word for word in WORDS], dtype=object)
    fill = SimpleImputer(strategy=strategy, missing_values=marker, fill_value="b")
    steps = [fill, OneHotEncoder()]
    if form == "array":
        return make_pipeline(*steps, LogisticRegression()).fit(values.reshape(-1, 1), SIDES)
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object)})
    if form == "frame":
        return make_pipeline(*steps, LogisticRegression()).fit(frame, SIDES)
    return make_pipeline(make_column_transformer((make_pipeline(*steps), ["c"])), LogisticRegression()).fit(
        frame, SIDES
    )


@pytest.mark.parametrize("form", ["array", "frame", "column"])
@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
@pytest.mark.parametrize("marker", ["?", "NA", "-1", "none of them"])
def test_what_an_imputer_fills_in_is_a_value_and_null_is_it(marker: Any, strategy: str, form: str, client: Any) -> None:
    model = filled(marker, strategy, form)
    given = [[marker], ["a"], ["b"]]
    rows = np.array(given, dtype=object) if form == "array" else pd.DataFrame({"c": given}).map(lambda cell: cell[0])
    expected = model.predict(rows.astype(object) if form != "array" else rows).tolist()
    server = client(m=model)
    name = "0" if form == "array" else "c"
    csv = "".join(f"{line}\n" for line in (name, marker, "a", "b"))
    empty = "".join(f"{line}\n" for line in (name, '""', "a", "b"))
    tensor = {"name": name, "shape": [3, 1], "datatype": "BYTES", "data": [marker, "a", "b"]}
    for answer in (
        server.post("/score", json={"data": given}).json.get("predict"),
        server.post("/score", json={"data": [[None], ["a"], ["b"]]}).json.get("predict"),
        server.post("/invocations", json={"instances": given}).json.get("predictions"),
        server.post("/invocations", data=csv, content_type="text/csv").json.get("predictions"),
        server.post("/invocations", data=empty, content_type="text/csv").json.get("predictions"),
        server.post("/v2/models/m/infer", json={"inputs": [tensor]}).json.get("outputs", [{}])[0].get("data"),
    ):
        assert answer == expected
    refused = server.post("/score", json={"data": [["never seen"]]})
    assert refused.status_code == 400 and refused.json["error"]["code"] == "unknown_category"


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("marker", [-1, -999.0, 0])
def test_a_number_that_an_imputer_fills_in_is_what_null_is(marker: Any, strategy: str, client: Any) -> None:
    values = np.array([[1.0, 2.0], [marker, 3.0], [4.0, marker], [2.0, 5.0]] * 5)
    model = make_pipeline(SimpleImputer(strategy=strategy, missing_values=marker), LogisticRegression())
    server = client(m=model.fit(values, [0, 1, 1, 0] * 5))
    assert read_schema(model).columns is None  # all of them are numbers
    expected = model.predict_proba(values[:3]).tolist()
    empty = [[None if cell == marker else cell for cell in row] for row in values[:3].tolist()]
    for rows in (values[:3].tolist(), empty):
        answer = server.post("/score", json={"data": rows, "method": "predict_proba"})
        assert answer.json.get("predict_proba") == expected, answer.json
