"""Asks a server as KServe's own client does. Runs in KServe's environment, and imports nothing of ours.

``kserve_client.py HOST:PORT FOLDER`` prints, as JSON, what went wrong with each of the cases, or null.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pytest
from kserve import InferInput, InferRequest
from kserve.inference_client import InferenceRESTClient, RESTConfig

ADDRESS, FOLDER = f"http://{sys.argv[1]}", Path(sys.argv[2])
FOREST = joblib.load(FOLDER / "forest.joblib")
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.0, 3.0, 5.0, 2.0], [5.9, 2.8, 4.4, 1.3]])


def client(version: str) -> InferenceRESTClient:
    return InferenceRESTClient(RESTConfig(protocol=version, timeout=20))


async def case_v1_predict() -> None:
    answer = await client("v1").infer(ADDRESS, {"instances": ROWS.tolist()}, model_name="forest")
    assert answer == {"predictions": FOREST.predict(ROWS).tolist()}, answer


async def case_v1_probabilities() -> None:
    request = {"instances": ROWS.tolist(), "signature_name": "predict_proba"}
    answer = await client("v1").infer(ADDRESS, request, model_name="forest")
    assert np.array_equal(answer["predictions"], FOREST.predict_proba(ROWS)), answer


async def case_v1_is_ready() -> None:
    assert await client("v1").is_model_ready(ADDRESS, "forest") is True


async def case_v1_refusal() -> None:
    for model, rows, status in (("nothing", ROWS.tolist(), 404), ("forest", [[1]], 400)):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await client("v1").infer(ADDRESS, {"instances": rows}, model_name=model)
        assert refused.value.response.status_code == status
        assert isinstance(refused.value.response.json()["error"], str)


async def case_v2_predict() -> None:
    for binary in (False, True):
        tensor = InferInput(name="x", shape=list(ROWS.shape), datatype="FP64")
        tensor.set_data_from_numpy(ROWS, binary_data=binary)
        answer = await client("v2").infer(ADDRESS, InferRequest("forest", [tensor]), model_name="forest")
        assert np.array_equal(answer.outputs[0].as_numpy(), FOREST.predict(ROWS)), answer


async def case_v2_is_ready() -> None:
    assert await client("v2").is_server_live(ADDRESS) and await client("v2").is_server_ready(ADDRESS)
    assert await client("v2").is_model_ready(ADDRESS, "forest")


def outcome(case: Callable[[], Awaitable[None]]) -> str | None:
    try:
        asyncio.run(case())  # type: ignore[arg-type] # all are coroutines
    except Exception:  # noqa: BLE001 - told
        return traceback.format_exc()
    return None


cases: dict[str, Any] = {name[5:]: case for name, case in list(globals().items()) if name.startswith("case_")}
print(json.dumps({name: outcome(case) for name, case in cases.items()}))
