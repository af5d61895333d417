"""Addresses and methods that do not exist are refused in the protocol's form, briefly, with what would be right."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from serving.errors import MEANING
from serving.protocols.registry import PROTOCOLS, error_form, root_of

X, Y = load_iris(return_X_y=True)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "SEARCH")
SERVERS_OWN = ("/", "/metrics", "/swagger.json", "/openapi.json")
THEIRS = re.compile(
    r"<!doctype|<html|<title|<h1>|<p>|The method is not allowed|The requested URL|werkzeug|Traceback", re.IGNORECASE
)
MOST = 8 << 10  # bytes of any refusal


def filled(address: str) -> str:
    return re.sub(r"<(?:\w+:)?name>", "iris", re.sub(r"<(?:\w+:)?version>", "1", address))


def addresses() -> Iterator[tuple[str, str]]:
    """Yield every address of every protocol, and the method that it takes."""
    for protocol in PROTOCOLS:
        yield from ((filled(address), "POST") for address in protocol.addresses)
        yield from ((filled(address), question.method) for address, question in protocol.questions.items())
    yield from ((address, "GET") for address in SERVERS_OWN)


TAKEN = sorted({path for path, _ in addresses()})
ALLOWED = {path: {method for address, method in addresses() if address == path} for path in TAKEN}


def misspelt(path: str) -> Iterator[str]:
    """Yield addresses that do not exist: a letter left out, doubled or changed, and a part too many."""
    middle = len(path) // 2
    yield path[:middle] + path[middle + 1 :]
    yield path[:middle] + path[middle] + path[middle:]
    yield path[:-1] + "~"
    yield path + "/"
    yield path + "s"


UNKNOWN = sorted({address for path in TAKEN if len(path) > 4 for address in misspelt(path)} - set(TAKEN))


def said_at(path: str, content: bytes) -> tuple[str, str]:
    """Return code and message of a refusal, after checking that it has the form of its address and no other's."""
    assert len(content) < MOST and not THEIRS.search(content.decode()), content
    body = json.loads(content)
    assert set(body) >= set(error_form(path).schema["required"]), (path, body)
    assert isinstance(body["error"], str) == bool(root_of(path)), (path, body)
    return (body["code"], body["error"]) if root_of(path) else (body["error"]["code"], body["error"]["message"])


@pytest.fixture
def iris(client: Any) -> Any:
    return client(iris=SVC(kernel="linear").fit(X, Y))


def test_a_method_that_an_address_does_not_have(iris: Any) -> None:
    requests = 0
    for path in TAKEN:
        for method in {*METHODS} - ALLOWED[path] - {"OPTIONS"}:
            answer = iris.open(path, method=method)
            code, message = said_at(path, answer.data)
            assert (answer.status_code, code) == (405, "method_not_allowed"), (method, path)
            assert set(answer.headers["Allow"].split(", ")) >= ALLOWED[path]
            assert message == f"{path} does not take {method}. Use {' or '.join(sorted(ALLOWED[path]))}"
            requests += 1
    assert requests > 100


@pytest.mark.parametrize("method", METHODS)
def test_an_address_that_does_not_exist(method: str, iris: Any) -> None:
    refused = 0
    for path in UNKNOWN:
        answer = iris.open(path, method=method)
        if answer.status_code == 405 or (method in ("GET", "POST", "OPTIONS") and answer.status_code != 404):
            continue  # such as a model of another name, or /score/NAME
        code, message = said_at(path, answer.data)
        assert answer.status_code == 404
        refused += 1
        if code == "not_found":
            meant = re.search(r"Did you mean (\S+)\?$", message)
            assert meant is not None and meant[1] in TAKEN, message
            assert message.startswith(f"There is no path {path!r}. "), message
    assert refused > len(UNKNOWN) / 2


def test_an_address_that_is_like_no_other(iris: Any) -> None:
    for root in ("", "/v1", "/v2"):
        path = f"{root}/x7Qz"
        _, message = said_at(path, iris.get(path).data)
        assert message == f"There is no path {path!r}. Send rows to /score; GET /openapi.json lists all paths"


LONG = ["x" * 5_000, "é" * 5_000, "\u202e" * 3_000, "<b>" * 2_000, "\n" * 3_000, "{0}%s" * 1_000]
NUMBER = [1e308, -(10**3_000), float("1e-300")]


def bodies(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield requests in which a name or a value is one that a message would repeat."""
    name = value if isinstance(value, str) else str(value)
    row = X[0].tolist()
    yield "/score", {"data": [[value, *row[1:]]]}
    yield "/score", {"data": [row], "method": value}
    yield "/score", {name: [row]}
    yield "/score", {"input_data": {"columns": [name] * 4, "data": [row]}}
    yield "/score", {"data": [{f"{name}{number}": 1.0 for number in range(40)}]}
    yield "/invocations", {"instances": [{name: 1.0}]}
    yield "/invocations", {"dataframe_split": {"columns": [name, name], "data": [[1, 2]]}}
    yield "/invocations", {"inputs": {name: [value]}}
    yield "/v1/models/iris:predict", {"instances": [row], "signature_name": value}
    yield "/v1/models/iris:predict", {"instances": [[value] * 4]}
    tensor = {"name": name, "shape": [1, 4], "datatype": "FP64", "data": row}
    yield "/v2/models/iris/infer", {"inputs": [{**tensor, "datatype": value}]}
    yield "/v2/models/iris/infer", {"inputs": [{**tensor, "shape": [value]}]}
    yield "/v2/models/iris/infer", {"inputs": [tensor, tensor]}
    yield "/v2/models/iris/infer", {"inputs": [tensor], "outputs": [{"name": name}]}
    yield "/v2/models/iris/infer", {"inputs": [tensor], "parameters": {"method": value}}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("value", [*LONG, *NUMBER, ["x" * 5_000], {"x" * 5_000: 1}], ids=lambda value: repr(value)[:8])
def test_long_names_and_values_are_cut_in_messages(value: Any, iris: Any) -> None:
    refused = 0
    for path, body in bodies(value):
        answer = iris.post(path, data=json.dumps(body), content_type="application/json")
        assert answer.status_code == 200 or answer.status_code in MEANING
        if answer.status_code != 200:
            said_at(path, answer.data)
            refused += 1
    assert refused > 5


@pytest.mark.parametrize("name", [value[:2_000] for value in LONG], ids=lambda value: repr(value)[:8])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_long_names_in_addresses_are_cut_in_messages(method: str, name: str, iris: Any) -> None:
    for path in {filled(taken) for taken in TAKEN} | {"/" + name}:
        for address in (path.replace("iris", name), path + name):
            answer = iris.open(quote(address), query_string={"model": name, "method": name}, method=method)
            if answer.status_code >= 400:
                said_at(address, answer.data)
