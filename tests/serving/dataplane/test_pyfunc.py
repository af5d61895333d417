"""Models of MLflow's own form are given their rows in the form that their `predict` asks for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runner.worker.models import flavours


def _of_texts(self: Any, model_input: list[str]) -> list[str]:
    return [f"{type(model_input).__name__} {text.upper()}" for text in model_input]


def _of_numbers(self: Any, model_input: list[int]) -> list[int]:
    return [number + 1 for number in model_input]


def _of_mappings(self: Any, model_input: list[dict[str, int]]) -> list[int]:
    return [mapping["a"] for mapping in model_input]


def _of_lists(self: Any, model_input: list[list[float]]) -> list[float]:
    return [sum(row) for row in model_input]


def _of_any(self: Any, model_input: list[Any]) -> list[str]:
    return [str(value) for value in model_input]


def _unsaid(self: Any, model_input):  # type: ignore[no-untyped-def] # which is the point
    return [str(value) for value in model_input]


def _of_frames(self: Any, model_input: pd.DataFrame) -> list[str]:
    return [f"{model_input.columns.tolist()} {row.tolist()}" for _, row in model_input.iterrows()]


HINTED: dict[str, tuple[Callable[..., Any], Any, list[Any]]] = {
    "texts": (_of_texts, ["list AB", "list C"], [["ab", "c"], [["ab"], ["c"]], [{"x": "ab"}, {"x": "c"}]]),
    "numbers": (_of_numbers, [2, 3], [[1, 2], [[1], [2]]]),
    "mappings": (_of_mappings, [1, 2], [[{"a": 1}, {"a": 2}]]),
    "lists": (_of_lists, [3.0, 4.0], [[[1.0, 2.0], [4.0]]]),
    "anything": (_of_any, ["ab", "c"], [["ab", "c"]]),
    "nothing said": (_unsaid, ["ab", "c"], [["ab", "c"]]),
}


@pytest.mark.parametrize("name", HINTED)
def test_a_model_of_mlflows_own_form_is_given_what_it_says(name: str, tmp_path: Path, client: Any) -> None:
    from mlflow import pyfunc  # slow to import

    function, expected, forms = HINTED[name]

    model_class = type("Own", (pyfunc.PythonModel,), {"predict": function})
    pyfunc.save_model(str(tmp_path / "model"), python_model=model_class(), pip_requirements=[])
    server = client(m=flavours.load("mlflow", {}, b"", str(tmp_path / "model")))
    for rows in forms:
        for path, body in (
            ("/score", {"data": rows}),
            ("/invocations", {"inputs": rows}),
            ("/invocations", {"instances": rows}),
        ):
            answer = server.post(path, json=body)
            assert answer.status_code == 200, answer.data
            assert next(iter(answer.json.values())) == expected
    assert server.get("/openapi.json").status_code == 200 and server.get("/v2/models/m").status_code == 200
    if name == "texts":
        for path, text in (("/score", [3]), ("/score", [None])):
            assert server.post(path, json={"data": text}).status_code == 400
        answer = server.post("/invocations", data="text\nab\nc\n", content_type="text/csv")
        assert answer.json == {"predictions": expected}
        tensor = {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["ab", "c"]}
        answer = server.post("/v2/models/m/infer", json={"inputs": [tensor]})
        assert answer.json["outputs"][0]["data"] == expected


FRAMES: list[dict[str, Any]] = [
    {"dataframe_split": {"data": [[1.0, 2.0], [3.0, 4.0]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 2.0], [3.0, 4.0]]}},
    {"dataframe_split": {"columns": ["b", "a"], "data": [["x", 2.0], ["y", 4.0]]}},
    {"dataframe_records": [{"a": 1.0, "b": 2.0}]},
]


@pytest.mark.parametrize("body", FRAMES)
@pytest.mark.parametrize("context", [False, True])
def test_a_model_that_says_data_frame_is_given_one_as_mlflow_does(
    context: bool, body: dict[str, Any], tmp_path: Path, client: Any
) -> None:
    """Rows without names have the columns 0..n-1."""
    from mlflow import pyfunc
    from mlflow.pyfunc.scoring_server import invocations

    def with_context(self: Any, context: Any, model_input: pd.DataFrame) -> list[str]:
        return _of_frames(self, model_input)

    model_class = type("Own", (pyfunc.PythonModel,), {"predict": with_context if context else _of_frames})
    pyfunc.save_model(str(tmp_path / "model"), python_model=model_class(), pip_requirements=[])
    model = pyfunc.load_model(str(tmp_path / "model"))
    answered: Any = invocations(json.dumps(body), "application/json", model, None)  # type: ignore[no-untyped-call]
    expected = json.loads(answered.response)
    server = client(m=flavours.load("mlflow", {}, b"", str(tmp_path / "model")))
    assert server.post("/invocations", json=body).json == expected
    unnamed = body.get("dataframe_split", {"columns": None})
    if "columns" not in unnamed:
        for path, rows in (("/score", "data"), ("/invocations", "instances"), ("/invocations", "inputs")):
            answer = server.post(path, json={rows: unnamed["data"]}).json
            assert next(iter(answer.values())) == expected["predictions"]
