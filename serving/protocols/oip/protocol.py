"""The addresses of the Open Inference Protocol, and the functions that answer at them."""

from __future__ import annotations

from serving.errors import AS_TEXT
from serving.protocols.oip.binary import KIND
from serving.protocols.oip.inference import parse, read, render
from serving.protocols.oip.questions import QUESTIONS
from serving.protocols.oip.schemas import describe, describe_answer
from serving.protocols.protocol import Protocol
from serving.protocols.schemas import JSON_TYPE

PROTOCOL = Protocol(
    route="infer",
    addresses=("/v2/models/<name>/infer", "/v2/models/<name>/versions/<version>/infer"),
    parse=parse,
    render=render,
    body=describe,
    answer=describe_answer,
    readers={JSON_TYPE: read, KIND: read},
    questions=QUESTIONS,
    root="/v2",
    errors=AS_TEXT,
)
