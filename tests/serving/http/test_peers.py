"""Who moves here from MLServer, MLflow or Azure's inference server asks the same and is answered the same.

The real servers and clients run, each in an environment of its own below ``.vivero/benchmarks``, built once.
"""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.serving.peers import environment

pytest_plugins = ["tests.serving.peering"]
pytestmark = pytest.mark.slow("asks servers of others, which start slowly")
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 3.0, 5.0, 2.0]]
CASES = (
    "the_example_of_mlserver", "numpy_request_codec", "numpy_codec", "pandas_codec", "string_codec", "mlserver_infer",
    "mlserver_infer_binary", "mlserver_infer_small_batches", "triton", "triton_texts", "triton_shows_refusals",
)  # fmt: skip
KSERVE_CASES = ("v1_predict", "v1_probabilities", "v1_is_ready", "v1_refusal", "v2_predict", "v2_is_ready")


def ask(peer: Any, path: Any, body: Any = None, **headers: Any) -> Any:
    """Return status, headers and content."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{peer.port}{path}", data, sent), timeout=20
        ) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


# MLServer, Triton and KServe: their own clients


def asked_by(peer: str, script: str, ours: Any, folder: Path) -> Any:
    """Return what somebody else's client says of our server, by its cases."""
    path = Path(__file__).with_name(script)
    words = [str(environment(peer)), str(path), f"127.0.0.1:{ours.port}", str(folder)]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def clients(ours: Any, folder: Path) -> Any:
    """Return what MLServer's and Triton's clients say of our server."""
    return asked_by("mlserver", "mlserver_client.py", ours, folder)


@pytest.fixture(scope="module")
def kserve(ours: Any, folder: Path) -> Any:
    """Return what KServe's client says of our server."""
    return asked_by("kserve", "kserve_client.py", ours, folder)


def test_every_case_is_known(clients: Any, kserve: Any) -> None:
    assert tuple(clients) == CASES and tuple(kserve) == KSERVE_CASES


@pytest.mark.parametrize("case", CASES)
def test_clients(case: str, clients: Any) -> None:
    assert clients[case] is None, clients[case]


@pytest.mark.parametrize("case", KSERVE_CASES)
def test_kserve(case: str, kserve: Any) -> None:
    assert kserve[case] is None, kserve[case]


# MLServer's server


def matrix(**more: Any) -> Any:
    flat = [value for row in ROWS for value in row]
    return {"inputs": [{"name": "predict", "shape": [2, 4], "datatype": "FP32", "data": flat}], **more}


def by_column(**more: Any) -> Any:
    columns = [
        {"name": "abcd"[at], "shape": [2, 1], "datatype": "FP64", "data": [row[at] for row in ROWS]} for at in range(4)
    ]
    return {"inputs": columns, "parameters": {"content_type": "pd"}, **more}


@pytest.mark.parametrize("form", [matrix, by_column])
@pytest.mark.parametrize("names", [(), ("predict",), ("predict_proba",), ("predict", "predict_proba")])
def test_mlserver(form: Any, names: Any, start: Any, ours: Any) -> None:
    body = form(id="mine", outputs=[{"name": name} for name in names])
    theirs = json.loads(ask(start("mlserver"), "/v2/models/m/infer", body)[2])
    answer = json.loads(ask(ours, "/v2/models/forest/infer", body)[2])
    assert answer["id"] == theirs["id"] == "mine"
    for mine, other in zip(answer["outputs"], theirs["outputs"], strict=True):
        for word in ("name", "datatype", "data"):
            assert mine[word] == other[word]
        # MLServer says [2, 1] for the two labels: its codec gives every list a second axis. The protocol's shape is
        # that of the tensor, and predict returns two labels, not two rows of one.
        assert mine["shape"] == ([2] if mine["name"] == "predict" else [2, 3])
        assert other["shape"] == ([2, 1] if mine["name"] == "predict" else [2, 3])


MLSERVER_FAULTS = {
    "no JSON": b"{",
    "no inputs": {},
    "no such output": matrix(outputs=[{"name": "fit"}]),
    "no datatype": {"inputs": [{**matrix()["inputs"][0], "datatype": "FP65"}]},
    "no shape": {"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]},
}


@pytest.mark.parametrize("name", MLSERVER_FAULTS)
def test_mlserver_faults(name: str, start: Any, ours: Any) -> None:
    theirs = ask(start("mlserver"), "/v2/models/m/infer", MLSERVER_FAULTS[name])
    answer = ask(ours, "/v2/models/forest/infer", MLSERVER_FAULTS[name])
    assert theirs[0] // 100 == answer[0] // 100 == 4, (theirs, answer)
    assert isinstance(json.loads(answer[2])["error"], str)


# MLflow


NAMED = [dict(zip("abcd", row, strict=True)) for row in ROWS]
MLFLOW = {
    "split": {"dataframe_split": {"columns": list("abcd"), "data": ROWS}},
    "split with an index": {"dataframe_split": {"columns": list("abcd"), "index": [7, 8], "data": ROWS}},
    "split without columns": {"dataframe_split": {"data": ROWS}},
    "records": {"dataframe_records": NAMED},
    "instances": {"instances": ROWS},
    "inputs": {"inputs": ROWS},
    "params": {"inputs": ROWS, "params": {}},
    "a missing value": {"instances": [[None, 3, 1, 0]]},
    "other keys": {"instances": ROWS, "signature_name": "x"},
}
CSV = "a,b,c,d\n" + "\n".join(",".join(map(str, row)) for row in ROWS) + "\n"
CSVS = {
    "csv": (CSV.encode(), "text/csv"),
    "charset": (CSV.encode(), "text/csv; charset=utf-8"),
    "CRLF": (CSV.replace("\n", "\r\n").encode(), "text/csv"),
    "quotes": (b'"a","b","c","d"\n"1","2","3","4"\n', "text/csv"),
    "spaces": (b"a,b,c,d\n 1, 2,3 ,4\n\n", "text/csv"),
    "a byte order mark": (CSV.encode("utf-8-sig"), "text/csv"),
    "json": (json.dumps({"inputs": ROWS}).encode(), "application/json; charset=UTF-8"),
}


@pytest.mark.parametrize("name", MLFLOW)
def test_mlflow(name: str, start: Any, ours: Any) -> None:
    theirs = ask(start("mlflow"), "/invocations", MLFLOW[name])
    answer = ask(ours, "/invocations/forest", MLFLOW[name])
    assert (answer[0], json.loads(answer[2])) == (theirs[0], json.loads(theirs[2])) and answer[0] == 200


@pytest.mark.parametrize("name", CSVS)
def test_mlflow_content_types(name: str, start: Any, ours: Any) -> None:
    content, kind = CSVS[name]
    theirs = ask(start("mlflow"), "/invocations", content, Content_Type=kind)
    answer = ask(ours, "/invocations/forest", content, Content_Type=kind)
    assert (answer[0], json.loads(answer[2])) == (theirs[0], json.loads(theirs[2])) and answer[0] == 200


MLFLOW_FAULTS = {
    "no key": ({}, "application/json"),
    "two keys": ({"instances": ROWS, "inputs": ROWS}, "application/json"),
    "a list": (ROWS, "application/json"),
    "no JSON": (b"{", "application/json"),
    "no UTF-8": (b"\xff\xfe", "application/json"),
    "empty": (b"", "application/json"),
    "a flat row": ({"instances": ROWS[0]}, "application/json"),
    "too narrow": ({"instances": [[1, 2]]}, "application/json"),
    "a text": ({"instances": [["a", 1, 2, 3]]}, "application/json"),
    "no rows": ({"instances": []}, "application/json"),
    "split is a list": ({"dataframe_split": ROWS}, "application/json"),
    "empty csv": (b"", "text/csv"),
    "xml": (b"<x/>", "text/xml"),
    "another charset": (CSV.encode(), "text/csv; charset=latin-1"),
}


@pytest.mark.parametrize("name", MLFLOW_FAULTS)
def test_mlflow_faults(name: str, start: Any, ours: Any) -> None:
    body, kind = MLFLOW_FAULTS[name]
    theirs = ask(start("mlflow"), "/invocations", body, Content_Type=kind)
    answer = ask(ours, "/invocations/forest", body, Content_Type=kind)
    assert answer[0] == theirs[0] and answer[0] // 100 == 4, (theirs, answer)


STRICTER = {  # MLflow answers these: it guesses what was meant. Ours are refused, with the row and the column named.
    "a number as text": ({"instances": [["5", 3, 1, 0]]}, "application/json"),
    "NaN is no JSON": (b'{"instances": [[NaN, 3, 1, 0]]}', "application/json"),
    "a row that is cut off": (b"a,b,c,d\n1,2,3\n", "text/csv"),
}


@pytest.mark.parametrize("name", STRICTER)
def test_stricter_than_mlflow(name: str, start: Any, ours: Any) -> None:
    body, kind = STRICTER[name]
    assert ask(start("mlflow"), "/invocations", body, Content_Type=kind)[0] == 200
    assert ask(ours, "/invocations/forest", body, Content_Type=kind)[0] == 400


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_mlflow_health(path: str, start: Any, ours: Any) -> None:
    theirs, answer = ask(start("mlflow"), path), ask(ours, path)
    assert theirs[::2] == answer[::2] == (200, b"\n")


# Azure


def test_azure(start: Any, ours: Any) -> None:
    theirs, answer = ask(start("azure"), "/score", {"data": ROWS}), ask(ours, "/score/forest", {"data": ROWS})
    assert json.loads(theirs[2]) == json.loads(answer[2])
    assert theirs[0] == answer[0] == 200 and theirs[1].get_content_type() == answer[1].get_content_type()


def test_azure_home_and_description(start: Any, ours: Any) -> None:
    assert ask(start("azure"), "/")[::2] == ask(ours, "/")[::2] == (200, b"Healthy")
    for version, status, key in (("", 200, "swagger"), ("?version=2.0", 200, "swagger"), ("?version=3", 200, "openapi"),
                                 ("?version=9", 404, None)):  # fmt: skip
        theirs, answer = ask(start("azure"), f"/swagger.json{version}"), ask(ours, f"/swagger.json{version}")
        assert theirs[0] == answer[0] == status
        if key is not None:
            assert json.loads(theirs[2])[key] == json.loads(answer[2])[key]


IDS = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")


@pytest.mark.parametrize(
    "given",
    [
        {}, {"x_request_id": "a"}, {"x_ms_request_id": "b", "x_ms_client_request_id": "c"}, {"x_ms_request_id": "b"},
        {"x_ms_client_request_id": "c"}, {"x_request_id": "a", "x_ms_request_id": "b"},
    ],
)  # fmt: skip
def test_azure_request_ids(given: Any, start: Any, ours: Any) -> None:
    """What is given comes back under its own name, or under the other's where only one of Azure's was given.

    Where Azure's is given and ours is not, ours is Azure's too, so that the log has it.
    """
    theirs = ask(start("azure"), "/score", {"data": ROWS}, **given)[1]
    answer = ask(ours, "/score/forest", {"data": ROWS}, **given)[1]
    assert [name in theirs for name in IDS] == [name in answer for name in IDS]
    for name in IDS if "x_request_id" in given else IDS[1:]:
        if theirs[name] in given.values() or answer[name] in given.values():
            assert theirs[name] == answer[name], name


@pytest.mark.parametrize(("name", "value"), [("x_request_id", "a" * 200), ("x_ms_client_request_id", "a" * 200)])
def test_an_id_that_is_too_long(name: str, value: Any, start: Any, ours: Any) -> None:
    """Azure refuses the request, with 431. Ours answers it, under an id of its own: an id is no reason to fail."""
    assert ask(start("azure"), "/score", {"data": ROWS}, **{name: value})[0] == 431
    status, headers, _ = ask(ours, "/score/forest", {"data": ROWS}, **{name: value})
    assert status == 200 and headers[name.replace("_", "-")] != value


# The score.py of a no-code deployment raises at these, and Azure says 500: whoever sent them learns nothing.
AZURE_FAULTS = [b"{", {}, {"rows": ROWS}, {"data": [[1, 2]]}, {"data": [["a", 1, 2, 3]]}]


@pytest.mark.parametrize("body", AZURE_FAULTS, ids=range(len(AZURE_FAULTS)))
def test_azure_faults(body: Any, start: Any, ours: Any) -> None:
    assert ask(start("azure"), "/score", body)[0] == 500
    assert ask(ours, "/score/forest", body)[0] == 400


def test_stricter_than_azure(start: Any, ours: Any) -> None:
    """Azure's server hands on whatever it is sent; Python's JSON takes NaN, and a score.py may take texts."""
    for body, kind in (
        (b'{"data": [[NaN, 1, 1, 1]]}', "application/json"),
        (b'{"data": [[1, 1, 1, 1]]}', "text/plain"),
    ):
        assert ask(start("azure"), "/score", body, Content_Type=kind)[0] == 200
        assert ask(ours, "/score/forest", body, Content_Type=kind)[0] in (400, 415)
