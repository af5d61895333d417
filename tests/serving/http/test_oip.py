"""The Open Inference Protocol beyond a matrix and its answer: several outputs, content types, tensors as bytes."""

import base64
import json
import struct
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from serving.data.rows import shown
from serving.dataplane.plane import DataPlane, Route
from serving.errors import ServingError
from serving.protocols.common import loads
from serving.protocols.oip.tensors import tensor
from tests.support.suite.examples import examples

X, Y = load_iris(return_X_y=True)
SCALED = make_pipeline(StandardScaler(copy=False), LogisticRegression()).fit(X.copy(), Y)
TEXTS = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good day", "bad day"], ["gut", "bös"])
ROWS = X[::9]
LENGTH = "Inference-Header-Content-Length"


def matrix(rows: Any, kind: str = "FP64", **more: Any) -> Any:
    return {"name": "x", "shape": list(rows.shape), "datatype": kind, "data": rows.ravel().tolist(), **more}


def infer(server: Any, inputs: Any, *, headers: Any = None, tail: bytes = b"", **more: Any) -> Any:
    head = json.dumps({"inputs": inputs, **more}).encode()
    sent = {LENGTH: str(len(head))} if tail else {}
    return server.post("/v2/models/m/infer", data=head + tail, headers={**sent, **(headers or {})})


def unpacked(answer: Any) -> Any:
    """Return an answer's outputs by name, read as the extension has it."""
    length = int(answer.headers[LENGTH])
    form, tail = json.loads(answer.data[:length]), answer.data[length:]
    outputs, start = {}, 0
    for output in form["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            outputs[output["name"]] = output["data"]
            continue
        assert "data" not in output
        outputs[output["name"]] = output["datatype"], output["shape"], tail[start : start + size]
        start += size
    assert start == len(tail)
    return outputs


def test_several_outputs_of_one_version(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each method sees the rows as they were sent, though this model's scaler writes into its matrix."""
    server, picked = client(m=SCALED), []
    pick = Route.pick

    def kept(route: Route, version: Any) -> Any:
        picked.append(version)
        return pick(route, version)

    monkeypatch.setattr(Route, "pick", kept)
    names = ("predict", "predict_proba", "predict", "decision_function")
    answer = infer(server, [matrix(ROWS)], outputs=[{"name": name} for name in names], id="mine").json
    assert [output["name"] for output in answer["outputs"]] == ["predict", "predict_proba", "decision_function"]
    assert answer["id"] == "mine" and picked == [None]
    for output in answer["outputs"]:
        expected = getattr(SCALED, output["name"])(ROWS.copy())
        assert np.array_equal(np.reshape(output["data"], output["shape"]), expected), output["name"]


def test_an_unknown_output_among_others(client: Any) -> None:
    answer = infer(client(m=SCALED), [matrix(ROWS)], outputs=[{"name": "predict"}, {"name": "fit"}])
    assert answer.status_code == 422 and "fit" in answer.json["error"]


def test_several_outputs_take_one_place_and_show_the_mirror_once(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(DataPlane, "show_mirror", lambda _self, _route, _rows, method: seen.append(method))
    infer(client(m=SCALED), [matrix(ROWS)], outputs=[{"name": "predict_proba"}, {"name": "predict"}])
    assert seen == ["predict_proba"]


@pytest.mark.parametrize("content", ["np", "pd", "str", "datetime", "base64", "something", None])
def test_content_types_break_nothing(content: str | None, client: Any) -> None:
    parameters = {"content_type": content, "headers": None}
    tensor = matrix(ROWS, parameters=parameters)
    answer = infer(client(m=SCALED), [tensor], parameters=parameters, outputs=None)
    assert answer.json["outputs"][0]["data"] == SCALED.predict(ROWS.copy()).tolist()


def test_base64(client: Any) -> None:
    data = [base64.b64encode(text.encode()).decode() for text in ("a good one", "bös, bad")]
    tensor = {"name": "t", "shape": [2, 1], "datatype": "BYTES", "data": data}
    server, expected = client(m=TEXTS), TEXTS.predict(["a good one", "bös, bad"]).tolist()
    encoded = {**tensor, "parameters": {"content_type": "base64"}}
    assert infer(server, [encoded]).json["outputs"][0]["data"] == expected
    assert infer(server, [tensor], parameters={"content_type": "base64"}).json["outputs"][0]["data"] == expected


def test_a_column_of_texts_and_other_things(client: Any) -> None:
    """MLServer's data frames send such a column as JSON in texts: the quotes are not part of the value."""
    colours = np.array([["red"], ["blue"], [3]], dtype=object)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LinearRegression())
    model.fit(pandas.DataFrame(colours.astype(str), columns=["c"]), [1, 2, 3])
    tensor = {"name": "c", "shape": [2, 1], "datatype": "BYTES", "data": ['"red"', '"blue"']}
    server = client(m=model)
    answer = infer(server, [{**tensor, "parameters": {"content_type": "pd_json"}}])
    assert answer.json["outputs"][0]["data"] == model.predict(pandas.DataFrame({"c": ["red", "blue"]})).tolist()


def test_a_matrix_of_one_column_needs_no_name(client: Any) -> None:
    model = LinearRegression().fit(pandas.DataFrame({"size": [1.0, 2.0]}), [1.0, 2.0])
    tensor = matrix(np.array([[3.0]]))
    server = client(m=model)
    assert infer(server, [tensor]).status_code == 400  # x is no column of the model
    assert infer(server, [{**tensor, "parameters": {"content_type": "np"}}]).status_code == 200


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", "<i1", "<i4", "<i8", "<u2"])
def test_numbers_as_bytes(kind: str, client: Any) -> None:
    word = {"f": "FP", "i": "INT", "u": "UINT"}[kind[1]] + str(8 * int(kind[2]))
    rows = (ROWS * 4).astype(kind)
    raw = rows.tobytes()
    tensor = {"name": "x", "shape": list(rows.shape), "datatype": word, "parameters": {"binary_data_size": len(raw)}}
    outputs = [{"name": "predict", "parameters": {"binary_data": True}}, {"name": "predict_proba"}]
    answer = infer(client(m=SCALED), [tensor], tail=raw, outputs=outputs)
    parts, wide = unpacked(answer), rows.astype(rows.dtype if kind in ("<f4", "<f8") else float)
    assert answer.mimetype == "application/octet-stream"
    assert parts["predict"][:2] == ("INT64", [len(rows)])
    assert np.frombuffer(parts["predict"][2], "<i8").tolist() == SCALED.predict(wide.copy()).tolist()
    assert len(parts["predict_proba"]) == 3 * len(rows)  # was not asked for as bytes


def test_columns_as_bytes_and_as_json(client: Any) -> None:
    model = RandomForestClassifier(5, random_state=0).fit(X[:, :2], np.column_stack([Y, Y % 2]))
    raw = ROWS[:, 0].tobytes()
    shape = {"shape": [len(ROWS), 1], "datatype": "FP64"}
    inputs = [{"name": "0", **shape, "parameters": {"binary_data_size": len(raw)}}]
    inputs.append({"name": "1", **shape, "data": ROWS[:, 1].tolist()})
    parameters = {"binary_data_output": True, "method": "predict_proba"}
    outputs = unpacked(infer(client(m=model), inputs, tail=raw, parameters=parameters))
    for at, expected in enumerate(model.predict_proba(ROWS[:, :2])):
        assert outputs[f"predict_proba_{at}"][2] == expected.tobytes()


def test_truth_values_as_bytes(client: Any) -> None:
    rows = np.array([[0, 1, 2, 0]], np.uint8)  # whatever is not 0 is true
    tensor = {"name": "x", "shape": [1, 4], "datatype": "BOOL", "parameters": {"binary_data_size": 4}}
    answer = infer(client(m=SCALED), [tensor], tail=rows.tobytes(), outputs=[{"name": "predict_proba"}])
    assert LENGTH not in answer.headers and answer.mimetype == "application/json"
    expected = SCALED.predict_proba((rows != 0).astype(float))
    assert answer.json["outputs"][0]["data"] == expected.ravel().tolist()


def test_texts_as_bytes(client: Any) -> None:
    texts = ["a göod day", "", "bad"]
    raw = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    tensor = {"name": "t", "shape": [3], "datatype": "BYTES", "parameters": {"binary_data_size": len(raw)}}
    answer = infer(
        client(m=TEXTS), [tensor], tail=raw, outputs=[{"name": "predict", "parameters": {"binary_data": True}}]
    )
    expected = TEXTS.predict(texts).tolist()
    packed = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in expected)
    assert unpacked(answer)["predict"] == ("BYTES", [3], packed)


NUMBERS = {
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BOOL": np.bool_, "INT8": np.int8, "INT16": np.int16,
    "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32,
    "UINT64": np.uint64,
}  # fmt: skip
VALUES = some.one_of(
    some.integers(-(2**64), 2**64 - 1),
    some.sampled_from(
        [sign * (2**bits + more) for sign in (1, -1) for bits in (0, 7, 8, 15, 31, 63) for more in (0, 1)]
    ),
    some.floats(allow_nan=False, allow_infinity=False),
    some.sampled_from([1.7, -0.5, 1.0, 65504.0, 70000.0, 1e39, 2.0**63, "1", "NaN", True, False, None]),
)


@settings(max_examples=examples(150, whole=3000))
@given(kind=some.sampled_from(sorted(NUMBERS)), value=VALUES)
def test_a_value_that_its_datatype_cannot_hold_is_named(kind: str, value: Any) -> None:
    """A float type may round, and has NaN for a missing value; nothing is cut off, wrapped around or made infinite."""
    dtype, value = np.dtype(NUMBERS[kind]), loads(json.dumps(value).encode())
    sent = {"name": "x", "shape": [2], "datatype": kind, "data": [0, value]}
    if not holds(dtype, value):
        with pytest.raises(ServingError) as refused:
            tensor(sent, None)
        assert refused.value.status == 400
        assert shown(value) in refused.value.message and kind in refused.value.message
        return
    found = tensor(sent, None)[1][1]
    assert found.dtype == dtype
    if dtype.kind == "f":
        expected = np.nan if value is None else float(value)
        assert np.isclose(float(found), expected, rtol=1e-3, atol=1e-7, equal_nan=True)
    else:
        assert found.item() == value


def holds(dtype: np.dtype[Any], value: Any) -> bool:
    if dtype.kind == "b":
        return not isinstance(value, str) and value in (False, True)
    if value is None or isinstance(value, str | bool):
        return value is None and dtype.kind == "f"
    if dtype.kind == "f":
        return bool(abs(value) <= np.finfo(dtype).max)
    return bool(int(value) == value and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max)


def test_a_fraction_is_no_whole_number(client: Any) -> None:
    answer = infer(client(m=SCALED), [matrix(ROWS[:, :4] + 0.7, kind="INT64")])
    assert answer.status_code == 400 and "INT64" in answer.json["error"], answer.json
    assert infer(client(m=SCALED), [matrix(np.round(ROWS), kind="INT64")]).status_code == 200


def test_the_extension_is_announced(client: Any) -> None:
    assert "binary_tensor_data" in client(m=SCALED).get("/v2").json["extensions"]


def test_the_index_needs_no_body(client: Any) -> None:
    """Triton's client sends none."""
    server = client(m=SCALED)
    ways: list[dict[str, Any]] = [{"data": b""}, {"json": {}}, {"json": {"ready": True}}]
    for body in ways:
        assert server.post("/v2/repository/index", **body).json[0]["name"] == "m"
    assert server.post("/v2/repository/index", data=b"{").status_code == 400


def test_refusals_are_texts(client: Any) -> None:
    """As the protocol has it; Triton's and MLServer's clients fail over an error that is an object."""
    answer = client(m=SCALED).post("/v2/models/other/infer", json={})
    assert answer.status_code == 404 and "other" in answer.json["error"]
    assert answer.json["code"] == "no_such_model" and answer.json["request_id"] == answer.headers["x-request-id"]
