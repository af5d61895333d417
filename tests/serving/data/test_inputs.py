"""What a model cannot take is a 400 that names row and column, and nothing ever is a 500."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from serving.dataplane.plane import Limits

X, Y = load_iris(return_X_y=True)
SVM, TREES = SVC().fit(X, Y), HistGradientBoostingClassifier(max_iter=5).fit(X, Y)
GOOD = [5.1, 3.5, 1.4, 0.2]

FAULTS = {
    "no json": (b"{", 400, "no_json", {}),
    "NaN": (b'{"data": [[NaN, 1, 1, 1]]}', 400, "no_json", {}),
    "Infinity": (b'{"data": [[1, 1, 1, Infinity]]}', 400, "no_json", {}),
    "overflow": (b'{"data": [[1, 1, 1, 1e999]]}', 400, None, {}),
    "empty body": (b"", 400, "no_json", {}),
    "a list": (b"[1, 2]", 400, "no_object", {}),
    "null": (b"null", 400, "no_object", {}),
    "no data": ({"rows": [GOOD]}, 400, "no_rows", {}),
    "data is a number": ({"data": 3}, 400, "no_rows", {}),
    "data is null": ({"data": None}, 400, "no_rows", {}),
    "no rows": ({"data": []}, 400, "empty", {}),
    "an empty row": ({"data": [[]]}, 400, "wrong_width", {"row": 0}),
    "one flat row": ({"data": GOOD}, 400, "no_row", {"row": 0}),
    "too narrow": ({"data": [GOOD, GOOD[:3]]}, 400, "wrong_width", {"row": 1}),
    "all too narrow": ({"data": [GOOD[:3], GOOD[:3]]}, 400, "wrong_width", {"row": 0}),
    "too wide": ({"data": [[*GOOD, 1]]}, 400, "wrong_width", {"row": 0, "width": 4}),
    "a text": ({"data": [GOOD, [1, "2", 3, 4]]}, 400, "wrong_type", {"row": 1, "column": 1}),
    "a list inside": ({"data": [[1, 2, [3], 4]]}, 400, "wrong_type", {"row": 0, "column": 2}),
    "an object inside": ({"data": [[1, 2, 3, {}]]}, 400, "wrong_type", {"row": 0, "column": 3}),
    "missing value": ({"data": [GOOD, [1, 2, None, 4]]}, 400, "missing_value", {"row": 1, "column": 2}),
    "a huge number": (b'{"data": [[1, 2, 3, %s]]}' % (b"9" * 400), 400, None, {}),
    "mixed rows": ({"data": [{"a": 1}, [1]]}, 400, "mixed_rows", {"row": 1}),
    "deep": (b'{"data": ' + b"[" * 2000 + b"]" * 2000 + b"}", 400, "no_json", {}),
    "method is a number": ({"data": [GOOD], "method": 3}, 400, "wrong_type", {}),
    "no such method": ({"data": [GOOD], "method": "fit"}, 422, "no_such_method", {}),
    "hidden method": ({"data": [GOOD], "method": "__class__"}, 422, "no_such_method", {}),
    "columns are other numbers": ({"data": [GOOD], "columns": [1, 2, 3, 4]}, 400, "wrong_columns", {}),
    "columns are values": ({"data": [GOOD], "columns": [1.5, None, True, []]}, 400, "wrong_type", {}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, client: Any) -> None:
    body, status, code, details = FAULTS[name]
    given = {"data": body, "content_type": "application/json"} if isinstance(body, bytes) else {"json": body}
    answer = client(m=SVM).post("/score", **given)
    assert answer.status_code == status, answer.data
    error = answer.json["error"]
    assert code is None or error["code"] == code
    assert details.items() <= error.items()
    assert answer.json["request_id"] == answer.headers["x-request-id"]


TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": GOOD}
OIP_FAULTS = [
    {},
    {"inputs": []},
    {"inputs": [3]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3]}]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP65", "data": GOOD}]},
    {"inputs": [{"name": "x", "shape": [1, -4], "datatype": "FP64", "data": GOOD}]},
    {"inputs": [{"name": "x", "shape": [10**30, 10**30], "datatype": "FP64", "data": GOOD}]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": ["a", "b", "c", "d"]}]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "INT8", "data": [1, 2, 3, 1000]}]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [[1, 2], 3, 4]}]},
    {"inputs": [{"name": "x", "shape": [], "datatype": "FP64", "data": [1]}]},
    {"inputs": [{"name": "x", "shape": [2], "datatype": "FP64", "data": [1, 2]},
                {"name": "y", "shape": [1], "datatype": "FP64", "data": [1]}]},
    {"inputs": [{"name": "x", "shape": [0, 10**30], "datatype": "FP64", "data": []}]},
    {"inputs": [{"name": "x", "shape": [1] * 99, "datatype": "FP64", "data": [1]}]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": ["FP64"], "data": GOOD}]},
    {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": GOOD, "parameters": 3}]},
    {"inputs": [TENSOR, {**TENSOR, "name": "y"}]},
    {"inputs": [TENSOR], "parameters": []},
    {"inputs": [TENSOR], "parameters": {"method": 3}},
    {"inputs": [TENSOR], "parameters": {"binary_data_output": 1}},
    {"inputs": [TENSOR], "id": 3},
    {"inputs": [TENSOR], "outputs": 3},
    {"inputs": [TENSOR], "outputs": [3]},
    {"inputs": [TENSOR], "outputs": [{}]},
    {"inputs": [TENSOR], "outputs": [{"name": 3}]},
    {"inputs": [TENSOR], "outputs": [{"name": "predict", "parameters": {"binary_data": "yes"}}]},
    {"inputs": [TENSOR], "outputs": [{"name": "predict", "parameters": {"classification": 2}}]},
    {"inputs": [{**TENSOR, "parameters": {"binary_data_size": 32}}]},
]  # fmt: skip


@pytest.mark.parametrize("body", OIP_FAULTS, ids=range(len(OIP_FAULTS)))
def test_open_inference_faults(body: Any, client: Any) -> None:
    answer = client(m=SVM).post("/v2/models/m/infer", json=body)
    assert answer.status_code == 400
    assert isinstance(answer.json["error"], str) and answer.json["code"]  # the protocol's error is a text


TEXTS = {"name": "t", "shape": [1, 4], "datatype": "BYTES"}
TEXT_FAULTS = [
    {**TEXTS, "data": ["YQ==", "YQ", "YQ==", "YQ=="], "parameters": {"content_type": "base64"}},
    {**TEXTS, "data": ["YQ==", "ä", "YQ==", "YQ=="], "parameters": {"content_type": "base64"}},
    {**TEXTS, "data": ["YQ==", "/w==", "YQ==", "YQ=="], "parameters": {"content_type": "base64"}},
    {**TEXTS, "data": ["YQ==", 3, None, "YQ=="], "parameters": {"content_type": "base64"}},
    {**TEXTS, "data": ["1", "{", "1", "1"], "parameters": {"content_type": "pd_json"}},
    {**TEXTS, "data": ["1", "[1]", "1", "1"], "parameters": {"content_type": "pd_json"}},
    {**TEXTS, "data": ["1", "[" * 100_000, "1", "1"], "parameters": {"content_type": "pd_json"}},
]


@pytest.mark.parametrize("tensor", TEXT_FAULTS, ids=range(len(TEXT_FAULTS)))
def test_what_is_not_its_content_type(tensor: Any, client: Any) -> None:
    answer = client(m=SVM).post("/v2/models/m/infer", json={"inputs": [tensor]})
    assert answer.status_code == 400 and "Input 't':" in answer.json["error"], answer.json


FLAT = {"name": "x", "shape": [1, 4], "datatype": "FP64"}
BINARY_FAULTS = {  # inputs, bytes behind the JSON, length of the JSON where it is not its own
    "no bytes": ([{**FLAT, "parameters": {"binary_data_size": 32}}], b"", None),
    "too few": ([{**FLAT, "parameters": {"binary_data_size": 32}}], bytes(31), None),
    "too many": ([{**FLAT, "parameters": {"binary_data_size": 32}}], bytes(33), None),
    "nobody's": ([TENSOR], bytes(8), None),
    "no inputs": ([], bytes(8), None),
    "another shape": ([{**FLAT, "parameters": {"binary_data_size": 24}}], bytes(24), None),
    "half a number": ([{**FLAT, "parameters": {"binary_data_size": 30}}], bytes(30), None),
    "a negative size": ([{**FLAT, "parameters": {"binary_data_size": -1}}], bytes(32), None),
    "a size of truth": ([{**FLAT, "parameters": {"binary_data_size": True}}], b"1", None),
    "a size in words": ([{**FLAT, "parameters": {"binary_data_size": "32"}}], bytes(32), None),
    "twice": ([{**TENSOR, "parameters": {"binary_data_size": 32}}], bytes(32), None),
    "no datatype": ([{**FLAT, "datatype": "FP65", "parameters": {"binary_data_size": 32}}], bytes(32), None),
    "no kind of datatype": ([{**FLAT, "datatype": {}, "parameters": {"binary_data_size": 32}}], bytes(32), None),
    "no name": ([{**FLAT, "name": None, "parameters": {"binary_data_size": 32}}], bytes(32), None),
    "not finite": ([{**FLAT, "parameters": {"binary_data_size": 32}}], b"\xff" * 32, None),
    "a text cut off": ([{**TEXTS, "parameters": {"binary_data_size": 7}}], b"\x09\0\0\0abc", None),
    "a length cut off": ([{**TEXTS, "parameters": {"binary_data_size": 2}}], b"\x09\0", None),
    "no UTF-8": ([{**TEXTS, "parameters": {"binary_data_size": 5}}], b"\x01\0\0\0\xff", None),
    "no length": ([TENSOR], b"", "many"),
    "a negative length": ([TENSOR], b"", "-1"),
    "a long length": ([TENSOR], b"", "9" * 5000),
    "beyond the body": ([TENSOR], b"", "100000"),
    "within the JSON": ([TENSOR], b"", "20"),
    "no JSON": ([TENSOR], b"", "0"),
}


@pytest.mark.parametrize("name", BINARY_FAULTS)
def test_binary_faults(name: str, client: Any) -> None:
    inputs, tail, length = BINARY_FAULTS[name]
    head = json.dumps({"inputs": inputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)) if length is None else length}
    answer = client(m=SVM).post("/v2/models/m/infer", data=head + tail, headers=headers)
    assert answer.status_code == 400 and answer.json["error"], answer.data


MLFLOW_FAULTS = [
    {},
    {"instances": [GOOD], "inputs": [GOOD]},
    {"dataframe_split": [GOOD]},
    {"dataframe_split": {"columns": ["a"]}},
    {"dataframe_records": {"a": 1}},
    {"inputs": {"a": [1, 2], "b": [1]}},
    {"inputs": {"a": 1}},
]


@pytest.mark.parametrize("body", MLFLOW_FAULTS, ids=range(len(MLFLOW_FAULTS)))
def test_mlflow_faults(body: Any, client: Any) -> None:
    assert client(m=SVM).post("/invocations", json=body).status_code == 400


@pytest.mark.parametrize("text", [b"", b"\n", b"a,b\n1", b"a,b,c,d\n", b"\xff\xfe", b'a,b\n"1'])
def test_csv_faults(text: bytes, client: Any) -> None:
    assert client(m=SVM).post("/invocations", data=text, content_type="text/csv").status_code == 400


def test_missing_values_where_the_model_takes_them(client: Any) -> None:
    rows = [[None, 1, 1, 1], [1, 1, None, 1]]
    answer = client(m=TREES).post("/score", json={"data": rows})
    assert answer.json["predict"] == TREES.predict([[float("nan"), 1, 1, 1], [1, 1, float("nan"), 1]]).tolist()


def test_a_missing_value_that_only_the_first_step_lets_through(client: Any) -> None:
    model = make_pipeline(StandardScaler(), SVC()).fit(X, Y)
    answer = client(m=model).post("/score", json={"data": [[None, 1, 1, 1]]})
    assert answer.status_code == 400 and answer.json["error"]["column"] == 0


def test_whole_numbers_and_truth_values_are_numbers(client: Any) -> None:
    assert client(m=SVM).post("/score", json={"data": [[5, 3, True, 0]]}).json["predict"] == [0]


def test_limits(client: Any) -> None:
    server = client(limits=Limits(max_rows=3), m=SVM)
    assert server.post("/score", json={"data": [GOOD] * 4}).status_code == 413
    server.application.config["MAX_CONTENT_LENGTH"] = 100
    assert server.post("/score/m", json={"data": [GOOD] * 3, "more": "x" * 100}).status_code == 413
    assert server.post("/score", data=b"<x/>", content_type="text/xml").status_code == 415
    latin = server.post("/invocations", data="é\n1".encode("latin-1"), content_type="text/csv; charset=latin-1")
    assert latin.status_code == 415 and latin.json["error"]["code"] == "charset"
    packed = server.post("/score", data=b"", content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415
    pickled = server.post("/score", data=b"\x80\x04N.", content_type="application/x-python-pickle")
    assert pickled.status_code == 415
    assert server.get("/score").status_code == 405


def test_a_model_that_raises(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        n_features_in_ = 1

        def predict(self, rows: Any) -> None:
            raise KeyError("secret place")

    answer = client(m=Broken()).post("/score", json={"data": [[1]]})
    assert answer.status_code == 424
    assert answer.json["error"]["code"] == "model_failed" and "Traceback" not in answer.text
    said = capsys.readouterr().out
    assert answer.json["request_id"] in said and "Traceback" in said


FIRST = ("passthrough", StandardScaler(), SimpleImputer(), None)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("path", ["/score", "/invocations", "/v2/models/m/infer"])
def test_what_python_writes_for_no_number_is_named(path: str, word: str, client: Any) -> None:
    body = {"data": [[5.1, float(word.lower()), 1, 1]]}
    answer = client(m=SVM).post(path, data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 400 and f"{word} is not allowed. Write null" in answer.text
    text = json.dumps({"data": [f"a {word} in a text"]}) + "}"
    assert "Write null" not in client(m=SVM).post(path, data=text, content_type="application/json").text


@pytest.mark.parametrize("first", FIRST)
def test_every_missing_column_is_named(first: Any, client: Any) -> None:
    rows = np.arange(24.0).reshape(6, 4)
    model = make_pipeline(first, LogisticRegression()) if first is not None else LogisticRegression()
    server = client(m=model.fit(rows, [0, 1] * 3))
    for body in ({"data": {"age": [33]}}, {"data": [{"age": 33}]}):
        message = server.post("/score", json=body).json["error"]["message"]
        assert "missing: 0, 1, 2, 3; unknown: age" in message


@pytest.mark.parametrize("names", [None, ["a", "b"]])
@pytest.mark.parametrize("index", ["", "Unnamed: 0"])
@pytest.mark.parametrize("kind", ["numbers", "frame"])
def test_the_unnamed_index_that_pandas_writes_is_no_column(kind: str, index: str, names: Any, client: Any) -> None:
    rows = pd.DataFrame([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [0.0, 1.0]], columns=names)
    step = StandardScaler() if kind == "numbers" else make_column_transformer((StandardScaler(), list(rows.columns)))
    model = make_pipeline(step, LogisticRegression()).fit(rows if names else rows.to_numpy(), [0, 1, 1, 0])
    expected = model.predict(rows if names else rows.to_numpy()).tolist()
    server = client(m=model)
    answer = server.post("/invocations", data=rows.to_csv(index_label=index), content_type="text/csv")
    assert answer.json == {"predictions": expected}
    split = {"columns": [index, *map(str, rows.columns)], "data": rows.reset_index().to_numpy().tolist()}
    assert server.post("/invocations", json={"dataframe_split": split}).json == {"predictions": expected}
    records = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
    columns = {name: [row[name] for row in records] for name in split["columns"]}
    for body in ({"dataframe_records": records}, {"instances": records}, {"inputs": columns}):
        assert server.post("/invocations", json=body).json == {"predictions": expected}
    for data in (records, columns):
        assert server.post("/score", json={"data": data}).json == {"predict": expected}
    mixed = server.post("/score", json={"data": [records[0], [1.0, 2.0]]})
    assert mixed.status_code == 400 and "Row 2 is a list" in mixed.json["error"]["message"]


def test_an_unnamed_column_that_the_model_was_fitted_with_is_one(client: Any) -> None:
    rows = pd.DataFrame([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [0.0, 1.0]], columns=["Unnamed: 0", "b"])
    model = LogisticRegression().fit(rows, [0, 1, 1, 0])
    answer = client(m=model).post("/invocations", data=rows.to_csv(index=False), content_type="text/csv")
    assert answer.json == {"predictions": model.predict(rows).tolist()}
