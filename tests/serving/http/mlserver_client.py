"""Asks a server as MLServer's and Triton's own clients do. Runs in MLServer's environment, and imports nothing of ours.

``mlserver_client.py HOST:PORT FOLDER`` prints, as JSON, what went wrong with each of the cases, or null.
"""

import json
import subprocess
import sys
import traceback
import urllib.request
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import tritonclient.http as triton
from mlserver.codecs import Base64Codec, NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec, StringRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput

ADDRESS, FOLDER = sys.argv[1], Path(sys.argv[2])
FOREST, TEXTS = joblib.load(FOLDER / "forest.joblib"), joblib.load(FOLDER / "texts.joblib")
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.0, 3.0, 5.0, 2.0], [5.9, 2.8, 4.4, 1.3]], dtype=np.float32)
BOTH = ("predict", "predict_proba")


def infer(name: Any, request: Any) -> Any:
    content = request.model_dump_json().encode()
    posted = urllib.request.Request(
        f"http://{ADDRESS}/v2/models/{name}/infer", content, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(posted, timeout=20) as answer:
        return InferenceResponse.model_validate_json(answer.read())


def same(actual: Any, expected: Any) -> None:
    assert np.array_equal(np.asarray(actual).ravel(), np.asarray(expected).ravel()), (actual, expected)


def check_both(response: Any) -> None:
    assert [output.name for output in response.outputs] == list(BOTH)
    for output in response.outputs:
        same(NumpyCodec.decode_output(output), getattr(FOREST, output.name)(ROWS))


def case_the_example_of_mlserver() -> None:
    """A FP32 matrix that is named as the output is, and two outputs."""
    tensor = {"name": "predict", "shape": list(ROWS.shape), "datatype": "FP32", "data": ROWS.tolist()}
    request = InferenceRequest.model_validate({"inputs": [tensor], "outputs": [{"name": output} for output in BOTH]})
    check_both(infer("forest", request))


def case_numpy_request_codec() -> None:
    request = NumpyRequestCodec.encode_request(ROWS)
    decoded = NumpyRequestCodec.decode_response(infer("forest", request))
    same(decoded, FOREST.predict(ROWS))
    request.outputs = [RequestOutput(name=output) for output in BOTH]
    check_both(infer("forest", request))


def case_numpy_codec() -> None:
    request = InferenceRequest(inputs=[NumpyCodec.encode_input("x", ROWS)], id="mine")
    response = infer("forest", request)
    same(NumpyCodec.decode_output(response.outputs[0]), FOREST.predict(ROWS))
    assert response.id == "mine" and response.model_name == "forest"


def case_pandas_codec() -> None:
    table = pd.DataFrame(ROWS, columns=["a", "b", "c", "d"])
    response = infer("forest", PandasCodec.encode_request(table))
    same(PandasCodec.decode_response(response)["predict"], FOREST.predict(ROWS))


def case_string_codec() -> None:
    said = ["a good one", "schön bad"]
    for request in (
        StringRequestCodec.encode_request(said),
        StringRequestCodec.encode_request(said, use_bytes=False),
        InferenceRequest(inputs=[Base64Codec.encode_input("t", [text.encode() for text in said], use_bytes=False)]),
    ):
        response = infer("texts", request)
        assert StringRequestCodec.decode_response(response) == StringCodec.decode_output(response.outputs[0])
        same(StringRequestCodec.decode_response(response), TEXTS.predict(said))


def command(*words: str) -> Any:
    """Return what ``mlserver infer`` writes for four requests, of which the last has a row that is too narrow."""
    lines = []
    for row in [*ROWS.tolist(), [1.0]]:
        tensor = {"name": "predict", "shape": [1, len(row)], "datatype": "FP32", "data": row}
        lines.append(json.dumps({"inputs": [tensor], "outputs": [{"name": output} for output in BOTH]}))
    given, made = FOLDER / "requests.jsonl", FOLDER / "answers.jsonl"
    given.write_text("\n".join(lines if "-s" not in words else lines[:-1]) + "\n")
    typed: list[str | Path] = [
        Path(sys.executable).with_name("mlserver"),
        "infer",
        "-u",
        ADDRESS,
        "-m",
        "forest",
        "-w",
        "2",
        "-r",
        "1",
    ]
    subprocess.run([*typed, "-i", given, "-o", made, *words], check=True, capture_output=True, timeout=60)
    answers = [json.loads(line) for line in made.read_text().splitlines()]
    return sorted(answers, key=lambda answer: answer["parameters"]["batch_index"])


def check_command(*words: str) -> None:
    answers = command(*words)
    for at in range(len(ROWS)):
        for output in answers[at]["outputs"]:
            same(output["data"], getattr(FOREST, output["name"])(ROWS[at : at + 1]))
        assert [output["name"] for output in answers[at]["outputs"]] == list(BOTH)
    if "-s" not in words:  # the command can show a refusal only if its error is a text
        assert "Row 1 has 1 value, but the model takes 4" in answers[3]["error"]["msg"], answers[3]


def case_mlserver_infer() -> None:
    check_command()


def case_mlserver_infer_binary() -> None:
    check_command("-b")


def case_mlserver_infer_small_batches() -> None:
    check_command("-s", "3")


def ask_triton(client: Any, rows: Any, *, as_bytes: Any, outputs: Any) -> Any:
    tensor = triton.InferInput("x", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, binary_data=as_bytes)
    wanted = [triton.InferRequestedOutput(output, binary_data=as_bytes) for output in outputs] or None
    return client.infer("forest", [tensor], outputs=wanted, request_id="mine")


def case_triton() -> None:
    client = triton.InferenceServerClient(ADDRESS)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("forest")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata("forest")["name"] == "forest"
    assert {model["name"] for model in client.get_model_repository_index()} == {"forest", "texts"}
    for as_bytes in (True, False):
        for outputs in (BOTH, BOTH[:1], ()):
            result = ask_triton(client, ROWS, as_bytes=as_bytes, outputs=outputs)
            for name in outputs or ("predict",):
                same(result.as_numpy(name), getattr(FOREST, name)(ROWS))
            assert result.get_response()["id"] == "mine"


def case_triton_texts() -> None:
    client = triton.InferenceServerClient(ADDRESS)
    said = np.array(["a good one", "schön bad"], dtype=object)
    for as_bytes in (True, False):
        tensor = triton.InferInput("t", [2], "BYTES")
        tensor.set_data_from_numpy(said, binary_data=as_bytes)
        wanted = [triton.InferRequestedOutput("predict", binary_data=as_bytes)]
        labels = client.infer("texts", [tensor], outputs=wanted).as_numpy("predict")
        same([label.decode() if isinstance(label, bytes) else label for label in labels], TEXTS.predict(said))


def case_triton_shows_refusals() -> None:
    client = triton.InferenceServerClient(ADDRESS)
    for rows, outputs, status, said in ((ROWS[:, :2], (), "400", "takes 4"), (ROWS, ("fit",), "422", "no method")):
        try:
            ask_triton(client, rows, as_bytes=True, outputs=outputs)
        except triton.InferenceServerException as error:
            assert str(error).startswith(f"[{status}]") and said in str(error), str(error)  # noqa: PT017 - no pytest here
        else:
            raise AssertionError("it was answered")


def main() -> None:
    results: dict[str, str | None] = {}
    for name, case in list(globals().items()):
        if name.startswith("case_"):
            try:
                case()
            except Exception:  # noqa: BLE001 - the test that reads what is printed fails with it
                results[name[5:]] = traceback.format_exc()
            else:
                results[name[5:]] = None
    print(json.dumps(results))


if __name__ == "__main__":
    main()
