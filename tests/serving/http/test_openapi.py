"""The description is what is served: every route, every status; schemathesis finds no 5xx, and the examples work."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.svm import SVC

import serving
from runner.endpoints.store import EndpointStore
from runner.layout import Layout
from serving.errors import MEANING, OF_ANY
from serving.http.access_check import HEALTH
from serving.http.keys import Keys
from tests.support.estimators.mixed import MIXED
from tests.support.suite.examples import examples

X, Y = load_iris(return_X_y=True)
MODELS = {"svm": SVC().fit(X, Y), "trees": HistGradientBoostingClassifier(max_iter=5).fit(X, Y)}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
@pytest.mark.parametrize("names", [["svm"], ["svm", "trees"]])
def test_the_examples_work(version: str, names: Any, client: Any) -> None:
    server = client(**{name: MODELS[name] for name in names})
    description = server.get(f"/swagger.json?version={version}").json
    tried = []
    for path, action in (
        (path, actions["post"]) for path, actions in description["paths"].items() if "post" in actions
    ):
        if version == "2":
            body = [parameter["schema"] for parameter in action.get("parameters", []) if parameter["in"] == "body"]
            examples = [schema["example"] for schema in body if "example" in schema]
        else:
            contents = action.get("requestBody", {}).get("content", {}).values()
            examples = [content["example"] for content in contents if "example" in content]
        which = [
            parameter["name"]
            for parameter in action.get("parameters", [])
            if parameter["in"] == "query" and parameter["required"]
        ]
        query = {"model": names[0]} if which else {}
        for example in examples:
            assert server.post(path, json=example, query_string=query).status_code == 200, path
            tried.append(path)
    assert len(tried) == 2 + 6 * len(names)


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_a_mixed_table_is_described_by_its_columns(version: str, client: Any) -> None:
    server = client(m=MIXED)
    post = server.get(f"/swagger.json?version={version}").json["paths"]["/score"]["post"]
    if version == "2":
        (body,) = [parameter for parameter in post["parameters"] if parameter["in"] == "body"]
    else:
        body = post["requestBody"]["content"]["application/json"]
    data = body["schema"]["properties"]["data"]
    row = (data["anyOf"][0] if version != "2" else data)["items"]
    assert row["required"] == ["age", "sex", "zip", "children", "note"]
    assert row["properties"]["zip"] == {"description": "a category", "enum": ["01234", "55555", "98765"]}
    number_or_null: Any = {
        "2": {},
        "3": {"anyOf": [{"type": "number", "nullable": True}, {"type": "boolean", "nullable": True}]},
        "3.1": {"type": ["number", "boolean", "null"]},
    }
    assert row["properties"]["age"] == {"description": "a number, or null", **number_or_null[version]}
    paths = server.get("/openapi.json").json["paths"]
    for path in ("/score", "/invocations", "/v2/models/m/infer"):
        example = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert server.post(path, json=example).status_code == 200, example


def test_another_version_of_the_description(client: Any) -> None:
    assert client(m=MODELS["svm"]).get("/swagger.json?version=4").status_code == 404


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
@pytest.mark.parametrize("names", [["svm"], ["svm", "trees"], []])
def test_the_description_and_the_routes_agree(version: str, names: Any, client: Any) -> None:
    server = client(**{name: MODELS[name] for name in names})
    description = server.get(f"/swagger.json?version={version}").json
    described = {(method.upper(), path) for path, actions in description["paths"].items() for method in actions}
    served = {
        (method, re.sub(r"<(\w+:)?\w+>", "[^/]+", rule.rule), "<" in rule.rule)
        for rule in server.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    def fits(operation: Any, route: Any) -> bool:
        return operation[0] == route[0] and re.fullmatch(route[1], operation[1]) is not None

    assert [operation for operation in described if not any(fits(operation, route) for route in served)] == []
    missing = [route for route in served if not any(fits(operation, route) for operation in described)]
    # Without a model there are no rows to describe, nor addresses of models.
    assert missing == [] or (not names and all(route[2] or route[1] in ("/score", "/invocations") for route in missing))
    names_of = [action["operationId"] for actions in description["paths"].values() for action in actions.values()]
    assert len(set(names_of)) == len(names_of)


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_the_description_is_valid_and_says_what_needs_a_key(version: str, client: Any, layout: Layout) -> None:
    EndpointStore(layout).make_key("e", "primary")
    key = EndpointStore(layout).make_key("e", "secondary")
    server = client(keys=Keys(layout.endpoint("e").keys), **MODELS)
    description = server.get(f"/swagger.json?version={version}", headers={"Authorization": f"Bearer {key}"}).json
    for path, actions in description["paths"].items():
        for method, action in actions.items():
            expected: list[Any] = [] if path in HEALTH else [{"key": []}]
            assert action["security"] == expected, path
            status = str(server.open(path, method=method.upper()).status_code)
            assert status in action["responses"] and (status == "401") == bool(expected), path
    schemathesis.openapi.from_dict(description).validate()
    free = client(**MODELS).get(f"/swagger.json?version={version}").json
    schemathesis.openapi.from_dict(free).validate()
    assert "security" not in free and "401" not in str(free)


def refusals_in_the_code() -> set[int]:
    """Return the statuses that the source refuses requests with."""
    names = ("ServingError", "ClientRefusedError")
    parsed = [ast.parse(path.read_text()) for path in Path(serving.__file__).parent.rglob("*.py")]
    calls = [node for tree in parsed for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    given = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in names]
    return {
        constant.value for constant in given if isinstance(constant, ast.Constant) and isinstance(constant.value, int)
    }


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_every_refusal_is_described(version: str, client: Any, layout: Layout) -> None:
    assert refusals_in_the_code() - {405, 501} | {401, 424} == set(MEANING)
    key = EndpointStore(layout).make_key("e", "primary")
    server = client(keys=Keys(layout.endpoint("e").keys), **MODELS)
    description = server.get(f"/swagger.json?version={version}", headers={"Authorization": f"Bearer {key}"}).json
    answers = [action["responses"] for actions in description["paths"].values() for action in actions.values()]
    described = {status for answer in answers for status in answer}
    assert described == {"200", *map(str, MEANING)}
    assert all({str(status) for status in OF_ANY} <= set(answer) for answer in answers)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_ends_in_a_5xx_and_every_status_is_described(mode: Any, client: Any) -> None:
    server = client(m=MODELS["svm"], n=MODELS["trees"])
    schema = schemathesis.openapi.from_wsgi("/openapi.json", server.application)
    results = list(schema.get_all_operations())
    operations = [result.ok() for result in results if isinstance(result, Ok)]
    assert len(operations) == len(results)
    if mode is GenerationMode.NEGATIVE:  # only of those of which something can be wrong
        operations = [operation for operation in operations if operation.body or operation.query]
    checked = [_try(operation, mode) for operation in operations]
    assert len(checked) == (16 if mode is GenerationMode.NEGATIVE else 41) and sum(checked) > 100


def _try(operation: Any, mode: Any) -> Any:
    """Check answers to requests that are right or wrong by the description; return how many."""
    count = 0

    @settings(max_examples=examples(15, whole=200), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        nonlocal count
        count += 1
        case.validate_response(case.call(), checks=CHECKS)

    check()
    return count


@pytest.mark.filterwarnings("ignore")
def test_any_method_and_any_body_is_refused_with_reason(client: Any) -> None:
    server = client(m=MODELS["svm"], n=MODELS["trees"])
    for path, actions in server.get("/openapi.json").json["paths"].items():
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
            for body in (b"", b"{", b"\xff\x00", b"[]", b"null", b'{"data": NaN}', b"1e999", b"[" * 10_000):
                answer = server.open(path, method=method, data=body, content_type="application/json")
                assert answer.status_code < 500, (method, path, body)
                if method.lower() not in actions and method not in ("OPTIONS", "HEAD"):
                    assert answer.status_code == 405 and method not in answer.headers["Allow"]
