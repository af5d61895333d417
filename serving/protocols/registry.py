"""Which protocols the server speaks, beside the Open Inference Protocol, whose requests may be more than JSON."""

from __future__ import annotations

from serving.protocols import azure, mlflow, v1
from serving.protocols.protocol import JsonProtocol

JSON_PROTOCOLS: tuple[JsonProtocol, ...] = (azure.PROTOCOL, mlflow.PROTOCOL, v1.PROTOCOL)
