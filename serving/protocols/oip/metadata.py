"""Describes the inputs and outputs of a model as tensors."""

from __future__ import annotations

from typing import Any

from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.protocols.oip.inference import outputs


def metadata(served: ServedModel, versions: list[int]) -> dict[str, Any]:
    """Return the answer to ``GET /v2/models/NAME``. Types and shapes of outputs come from the answer to the example."""
    schema = served.schema
    return {
        "name": served.name,
        "versions": [str(version) for version in versions],
        "platform": "sklearn",
        "inputs": inputs(served),
        "outputs": [described for method in schema.methods for described in _described(served, method)],
        "parameters": {
            "onnx": served.accelerated,
            "version": str(served.version),
            "columns": list(schema.names) if schema.names is not None else None,
            "methods": list(schema.methods),
            "default": served.default_method,
        },
    }


def inputs(served: ServedModel) -> list[dict[str, Any]]:
    """Return the tensors of a request: one for each column of a mixed table, or one matrix."""
    schema = served.schema
    if schema.kind == "texts":
        return [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    if schema.kind == "frame" and schema.names is not None:
        numeric = served.numeric_columns()
        return [
            {"name": name, "datatype": "FP64" if name in numeric else "BYTES", "shape": [-1, 1]}
            for name in schema.names
        ]
    return [{"name": "input", "datatype": "FP64", "shape": [-1, schema.width or -1]}]


def _described(served: ServedModel, method: str) -> list[dict[str, Any]]:
    if method not in served.samples:
        return [{"name": method, "datatype": "FP64", "shape": [-1]}]
    tensors = outputs(Answer(served.samples[method], method, served))
    return [
        {"name": tensor["name"], "datatype": tensor["datatype"], "shape": [-1, *tensor["shape"][1:]]}
        for tensor in tensors
    ]
