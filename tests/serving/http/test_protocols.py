"""The same rows give the same bits through every protocol and in Python."""

import json
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

X, Y = load_iris(return_X_y=True)
MODELS = {
    "svc": SVC(kernel="linear").fit(X, Y),
    "forest": make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)).fit(X, Y),
    "boosting": HistGradientBoostingClassifier(max_iter=20).fit(X, Y),
    "logistic": LogisticRegression(max_iter=500).fit(X, Y),
    "linear": LinearRegression().fit(*load_diabetes(return_X_y=True)),
}


def rows_for(name: Any) -> Any:
    return load_diabetes().data[:17] if name == "linear" else X[::9]


def bits(values: Any) -> Any:
    return np.asarray(values, dtype=np.float64).tobytes()


def azure(client: Any, rows: Any, method: Any) -> Any:
    return client.post("/score", json={"data": rows.tolist(), "method": method}).json[method]


def azure_input_data(client: Any, rows: Any, method: Any) -> Any:
    body = {"input_data": {"columns": None, "index": list(range(len(rows))), "data": rows.tolist()}, "method": method}
    return client.post("/score", json=body).json[method]


def azure_inputs(client: Any, rows: Any, method: Any) -> Any:
    body = {"Inputs": {"data": rows.tolist()}, "GlobalParameters": {"method": method}}
    return client.post("/score", json=body).json["Results"]


def mlflow_split(client: Any, rows: Any, method: Any) -> Any:
    body = {"dataframe_split": {"columns": list(range(rows.shape[1])), "data": rows.tolist()}}
    return client.post("/invocations", json={**body, "params": {"method": method}}).json["predictions"]


def mlflow_records(client: Any, rows: Any, method: Any) -> Any:
    body = {"dataframe_records": [{str(n): value for n, value in enumerate(row)} for row in rows.tolist()]}
    return client.post("/invocations", json={**body, "params": {"method": method}}).json["predictions"]


def mlflow_instances(client: Any, rows: Any, method: Any) -> Any:
    return client.post("/invocations", json={"instances": rows.tolist(), "params": {"method": method}}).json[
        "predictions"
    ]


def mlflow_inputs_by_column(client: Any, rows: Any, method: Any) -> Any:
    body = {"inputs": {str(n): column.tolist() for n, column in enumerate(rows.T)}, "params": {"method": method}}
    return client.post("/invocations", json=body).json["predictions"]


def v1_rows(client: Any, rows: Any, method: Any) -> Any:
    body = {"instances": rows.tolist(), "signature_name": method}
    return client.post("/v1/models/m:predict", json=body).json["predictions"]


def v1_columns(client: Any, rows: Any, method: Any) -> Any:
    inputs = {str(n): column.tolist() for n, column in enumerate(rows.T)}
    body = {"inputs": inputs, "signature_name": method}
    return client.post("/v1/models/m/versions/1:predict", json=body).json["outputs"]


def v1_named_rows(client: Any, rows: Any, method: Any) -> Any:
    instances = [{str(n): value for n, value in enumerate(row)} for row in rows.tolist()]
    body = {"instances": instances, "signature_name": method}
    return client.post("/v1/models/m:predict", json=body).json["predictions"]


def oip_matrix(client: Any, rows: Any, method: Any) -> Any:
    body = {"inputs": [{"name": "x", "shape": list(rows.shape), "datatype": "FP64", "data": rows.ravel().tolist()}]}
    return _tensor(client.post("/v2/models/m/infer", json={**body, "outputs": [{"name": method}]}))


def oip_by_column(client: Any, rows: Any, method: Any) -> Any:
    inputs = [
        {"name": str(n), "shape": [len(rows), 1], "datatype": "FP64", "data": column.tolist()}
        for n, column in enumerate(rows.T)
    ]
    body = {"inputs": inputs, "parameters": {"method": method}}
    return _tensor(client.post("/v2/models/m/versions/1/infer", json=body))


def _tensor(answer: Any) -> Any:
    (output,) = answer.json["outputs"]
    return np.array(output["data"]).reshape(output["shape"])


WAYS = [azure, azure_input_data, azure_inputs, mlflow_split, mlflow_records, mlflow_instances]
WAYS += [mlflow_inputs_by_column, v1_rows, v1_columns, v1_named_rows, oip_matrix, oip_by_column]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", MODELS)
def test_the_same_bits(name: str, way: Any, client: Any) -> None:
    model, rows = MODELS[name], rows_for(name)
    with client(m=model) as server:
        for method in ("predict", "predict_proba", "decision_function"):
            if hasattr(model, method):
                assert bits(way(server, rows, method)) == bits(getattr(model, method)(rows)), method


def test_csv(client: Any) -> None:
    lines = "\n".join(",".join(map(str, row)) for row in X[:3].tolist())
    server = client(m=MODELS["svc"])
    answer = server.post("/invocations", data=f"0,1,2,3\n{lines}", content_type="text/csv")
    assert answer.json == {"predictions": [0, 0, 0]}
    answer = server.post("/invocations", data=f"a,b,c,d\n{lines}", content_type="text/csv")
    assert answer.status_code == 400 and answer.json["error"]["code"] == "wrong_columns"


def test_columns_by_name_in_any_order(client: Any) -> None:
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    model = SVC().fit(frame, Y)
    shuffled = frame[["d", "b", "a", "c"]]
    body = {"dataframe_split": {"columns": list(shuffled), "data": shuffled.to_numpy().tolist()}}
    server = client(m=model)
    assert server.post("/invocations", json=body).json["predictions"] == model.predict(frame).tolist()
    wrong = server.post("/invocations", json={"dataframe_records": [{"a": 1, "b": 1, "c": 1, "e": 1}]}).json["error"]
    assert wrong["missing"] == ["d"] and wrong["unknown"] == ["e"] and wrong["row"] == 0


def test_mixed_columns(client: Any) -> None:
    frame = pandas.DataFrame({"size": [1.0, 2.0, None, 4.0], "colour": ["red", "blue", "red", "blue"]})
    model = make_pipeline(
        ColumnTransformer([("c", OneHotEncoder(handle_unknown="ignore"), ["colour"]), ("s", "passthrough", ["size"])]),
        HistGradientBoostingClassifier(min_samples_leaf=1),
    ).fit(frame, [0, 1, 0, 1])
    records = [{"colour": "blue", "size": 2}, {"colour": "green", "size": None}]
    server = client(m=model)
    kinds = {tensor["name"]: tensor["datatype"] for tensor in server.get("/v2/models/m").json["inputs"]}
    assert kinds == {"size": "FP64", "colour": "BYTES"}
    expected = model.predict(pandas.DataFrame(records)[["size", "colour"]]).tolist()
    assert server.post("/score", json={"data": records}).json["predict"] == expected
    inputs = [
        {"name": "colour", "shape": [2, 1], "datatype": "BYTES", "data": ["blue", "green"]},
        {"name": "size", "shape": [2, 1], "datatype": "FP64", "data": [2, None]},
    ]
    assert server.post("/v2/models/m/infer", json={"inputs": inputs}).json["outputs"][0]["data"] == expected


def test_texts(client: Any) -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        ["good day", "bad day", "good", "bad"], ["+", "-", "+", "-"]
    )
    server = client(m=model)
    assert server.post("/score", json={"data": ["a good one", "so bad"]}).json == {"predict": ["+", "-"]}
    assert server.post("/score", json={"data": [["a good one"]]}).json == {"predict": ["+"]}
    tensor = {"name": "t", "shape": [2], "datatype": "BYTES", "data": ["good", "bad"]}
    answer = server.post("/v2/models/m/infer", json={"inputs": [tensor]}).json["outputs"][0]
    assert answer == {"name": "predict", "shape": [2], "datatype": "BYTES", "data": ["+", "-"]}


def test_several_outputs(client: Any) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, np.column_stack([Y, Y % 2]))
    server = client(m=forest)
    answer = server.post("/score", json={"data": X[:2].tolist(), "method": "predict_proba"}).json["predict_proba"]
    assert [bits(part) for part in answer] == [bits(part) for part in forest.predict_proba(X[:2])]
    tensor = {"name": "x", "shape": [2, 4], "datatype": "FP64", "data": X[:2].ravel().tolist()}
    outputs = server.post("/v2/models/m/infer", json={"inputs": [tensor], "outputs": [{"name": "predict_proba"}]}).json[
        "outputs"
    ]
    assert [output["name"] for output in outputs] == ["predict_proba_0", "predict_proba_1"]


def test_answers_are_strict_json(client: Any) -> None:
    class Odd:
        n_features_in_ = 1

        def predict(self, rows: Any) -> Any:
            return np.array([np.nan, np.inf, 1.5])

    answer = client(m=Odd()).post("/score", json={"data": [[1], [2], [3]]})
    assert json.loads(answer.data, parse_constant=pytest.fail) == {"predict": [None, None, 1.5]}


def test_metadata_and_health(client: Any) -> None:
    server = client(m=MODELS["svc"])
    assert server.get("/").data == b"Healthy"
    assert server.get("/ping").status_code == server.get("/health").status_code == 200
    assert server.get("/v2/health/live").json == {"live": True}
    assert server.get("/v2/health/ready").json == {"ready": True}
    assert server.get("/v2").json["name"] == "vivero"
    model = server.get("/v2/models/m").json
    assert model["versions"] == ["1"] and model["inputs"][0]["shape"] == [-1, 4]
    assert model["outputs"][0] == {"name": "predict", "datatype": "INT64", "shape": [-1]}
    forest = {output["name"]: output for output in client(m=MODELS["forest"]).get("/v2/models/m").json["outputs"]}
    assert forest["predict_proba"] == {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 3]}
    assert server.get("/v2/models/m/versions/1/ready").json == {"ready": True}
    assert server.post("/v2/repository/index", json={}).json[0]["state"] == "READY"
    for path in ("/v2/models/other", "/v2/models/m/versions/9", "/v2/models/m/versions/x", "/nothere"):
        assert server.get(path).status_code == 404, path


def test_version_1_says_what_is_served(client: Any) -> None:
    server = client(m=MODELS["svc"], other=MODELS["forest"])
    assert server.get("/v1/models").json == {"models": ["m", "other"]}
    available = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in ("/v1/models/m", "/v1/models/m/versions/1"):
        assert server.get(path).json == {"name": "m", "ready": True, "model_version_status": [available]}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/models/nobody:predict", {"instances": [[1] * 4]}, 404, "no_such_model"),
        ("/v1/models/m/versions/9:predict", {"instances": [[1] * 4]}, 404, "no_such_version"),
        ("/v1/models/m/versions/x:predict", {"instances": [[1] * 4]}, 404, "no_such_version"),
        ("/v1/models/m:predict", {}, 400, "no_rows"),
        ("/v1/models/m:predict", {"instances": [], "inputs": []}, 400, "no_rows"),
        ("/v1/models/m:predict", {"instances": [[1]]}, 400, "wrong_width"),
        ("/v1/models/m:predict", {"instances": [[1] * 4], "signature_name": "fly"}, 422, "no_such_method"),
        ("/v1/models/m:predict", {"instances": [[1] * 4], "signature_name": 1}, 400, "wrong_type"),
        ("/v1/models/m:predict", [], 400, "no_object"),
        ("/v1/models/m:predict", {"inputs": None}, 400, "no_rows"),
        ("/v1/models/m:predict", {"instances": None}, 400, "no_rows"),
        ("/v1/models/m:explain", {}, 404, "not_found"),
        ("/v1/models/m/versions/9", None, 404, "no_such_version"),
        ("/v1/models/nobody", None, 404, "no_such_model"),
    ],
)
def test_version_1_refuses_with_a_text(path: str, body: Any, status: int, code: str, client: Any) -> None:
    server = client(m=MODELS["svc"])
    answer = server.get(path) if body is None else server.post(path, json=body)
    assert (answer.status_code, answer.json["code"]) == (status, code) and isinstance(answer.json["error"], str)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/score", {"data": [[1] * 4], "input_data": [[2] * 4]}, "rows as data and as input_data"),
        ("/score", {"Inputs": {"data": [[1] * 4]}, "data": None}, "rows as data and as Inputs"),
        ("/invocations", {"instances": [[1] * 4], "params": 5}, "params is not a JSON object"),
        ("/invocations", {"instances": [[1] * 4], "params": ["predict"]}, "params is not a JSON object"),
        *((path, None, "The body is empty") for path in ("/score", "/invocations", "/v2/models/m/infer")),
    ],
)
def test_what_would_be_left_out_is_refused(path: str, body: Any, said: str, client: Any) -> None:
    words = {"data": b" \n", "content_type": "application/json"} if body is None else {"json": body}
    answer = client(m=MODELS["svc"]).post(path, **words)
    assert answer.status_code == 400 and said in answer.text


def test_a_default_signature_is_the_models_own_choice(client: Any) -> None:
    body = {"instances": X[:3].tolist(), "signature_name": "serving_default"}
    assert client(m=MODELS["svc"]).post("/v1/models/m:predict", json=body).json == {"predictions": [0, 0, 0]}


def test_several_models_need_a_name(client: Any) -> None:
    server = client(one=MODELS["svc"], two=MODELS["boosting"])
    body = {"data": X[:1].tolist()}
    assert server.post("/score", json=body).status_code == 400
    assert (
        server.post("/score/two", json=body).json == server.post("/score?model=one", json=body).json == {"predict": [0]}
    )


def test_request_ids(client: Any) -> None:
    server = client(m=MODELS["svc"])
    body = {"data": X[:1].tolist()}
    made = server.post("/score", json=body).headers
    assert len(made["x-request-id"]) == 32 and made["x-model-version"] == "m:1"
    given = server.post(
        "/score", json=body, headers={"x-ms-request-id": "abc", "x-ms-client-request-id": "mine"}
    ).headers
    assert given["x-ms-request-id"] == given["x-request-id"] == "abc" and given["x-ms-client-request-id"] == "mine"
    odd = server.post("/score", json=body, headers={"x-request-id": "x" * 500}).headers
    assert len(odd["x-request-id"]) == 32
