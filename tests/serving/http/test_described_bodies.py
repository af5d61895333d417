"""The server accepts exactly the bodies that the OpenAPI description calls valid."""

import copy
import json
from typing import Any

import jsonschema_rs  # what schemathesis validates with
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.svm import SVC

from tests.support.estimators.mixed import MIXED
from tests.support.suite.examples import examples

X, Y = load_iris(return_X_y=True)
FRAME, TARGETS = load_iris(return_X_y=True, as_frame=True)
MODELS = {
    "numbers": SVC().fit(X, Y),
    "named": SVC().fit(FRAME, TARGETS),
    "missing": HistGradientBoostingClassifier(max_iter=5).fit(X, Y),
    "mixed": MIXED,
}
PATHS = ("/score", "/invocations", "/v1/models/m:predict", "/v2/models/m/infer")
# A schema cannot express that columns are equally long, that a shape fits its data, that two fields agree, or which
# columns may follow an index.
UNSAID = ("ragged", "two_methods", "wrong_shape")
VALUES: tuple[Any, ...] = (None, True, 0, 1.5, -7, "x", "predict", [], {}, [1.0], {"a": 1}, [[5.1, 3.5, 1.4, 0.2]])


def bodies(path: str, example: Any) -> list[Any]:
    """Return valid bodies in each form of a protocol."""
    if path.startswith("/v2"):
        fields = {"id": "1", "parameters": {"method": "predict"}, "outputs": [{"name": "predict"}]}
        return [example, {**example, **fields}]
    (rows,) = [value for value in example.values() if isinstance(value, list)]
    columns = {name: [row[name] for row in rows] for name in rows[0]} if isinstance(rows[0], dict) else None
    inputs = columns or {str(at): [row[at] for row in rows] for at in range(len(rows[0]))}
    if path == "/score":
        return [
            {"data": rows * 2, "method": "predict"}, {"input_data": {"columns": None, "index": [0], "data": rows}},
            {"Inputs": {"data": rows}, "GlobalParameters": {"method": "predict"}},
        ]  # fmt: skip
    if path == "/invocations":
        names = ("dataframe_records", "instances")
        return [*({name: rows} for name in names), {"dataframe_split": {"data": rows}, "params": {"method": "predict"}}]
    named = {"signature_name": "serving_default", "method": None}
    return [{"instances": rows * 2, "method": "predict"}, {"instances": rows, **named}] + (
        [{"inputs": inputs}] if columns or len(rows[0]) == 4 else []
    )


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all parts of a body."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, part in items for place in places(part, (*here, key)))]


def changed(body: Any, place: tuple[Any, ...], how: str, value: Any) -> Any:
    """Return a body with one part replaced, removed or duplicated."""
    if not place:
        return value if how == "replace" else body
    body = copy.deepcopy(body)
    above = body
    for key in place[:-1]:
        above = above[key]
    if how == "replace":
        above[place[-1]] = value
    elif how == "remove":
        del above[place[-1]]
    elif isinstance(above, list):
        above.append(copy.deepcopy(above[place[-1]]))
    else:
        above["another"] = value
    return body


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", MODELS)
def test_valid_is_accepted_and_accepted_is_valid(name: str, path: str, client: Any) -> None:
    server = client(m=MODELS[name])
    content = server.get("/openapi.json").json["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    validator = jsonschema_rs.validator_for(content["schema"])
    answers = server.get("/openapi.json").json["paths"][path]["post"]["responses"]["200"]["content"]
    answer_validator = jsonschema_rs.validator_for(answers["application/json"]["schema"])
    right = bodies(path, content["example"])
    seen = set()

    @settings(max_examples=examples(60, whole=1000), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: Any) -> None:
        body = data.draw(st.sampled_from(right))
        if data.draw(st.booleans()):
            place, how = (
                data.draw(st.sampled_from(places(body))),
                data.draw(st.sampled_from(["replace", "remove", "add"])),
            )
            body = changed(body, place, how, data.draw(st.sampled_from(VALUES)))
        answer = server.post(path, data=json.dumps(body), content_type="application/json")
        accepted, valid = answer.status_code == 200, validator.is_valid(body)
        seen.add(accepted)
        if accepted:
            assert valid, (body, [error.message for error in validator.iter_errors(body)])
            assert answer_validator.is_valid(answer.json), answer.json
        elif valid and not path.startswith("/v2"):
            error = answer.json["error"]
            code = answer.json["code"] if isinstance(error, str) else error["code"]
            assert code in UNSAID, (body, error)

    check()
    assert seen == {True, False}
