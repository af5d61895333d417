"""Models and endpoints for the studio's pages, made without training or serving anything."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from runner.layout import Layout
from runner.records import Inspection, ModelRecord
from runner.store.registry import FileRegistry

HOSTILE = (
    "</pre></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"{{7*7}}"
)
DIAGRAM = "<style>p { color: red }</style><p onclick='x'>drawn</p><script>parent.document.title='owned'</script>"


def register(root: Path, name: str = "iris", **changes: Any) -> ModelRecord:
    """Register a version whose file is no model; fields of the inspection are in `inspection`."""
    inspection = Inspection(path="m", sha256="", **{"model_class": "a.SVC", "methods": ("predict",),
                                                    "diagram": DIAGRAM, **changes.pop("inspection", {})})  # fmt: skip
    file = root / "m.joblib"
    file.write_bytes(b"no model")
    record = ModelRecord(name=name, version=0, created="", artefact="", sha256="", bytes=0, inspection=inspection)
    made = FileRegistry(Layout(root)).register(file, dataclasses.replace(record, **changes))
    file.unlink()
    return made


def write_endpoint(root: Path, name: str, *versions: str, **settings: Any) -> Path:
    """Write the record of a stopped endpoint, and return its folder."""
    deployments = [
        {
            "reference": reference,
            "name": reference.partition(":")[0],
            "version": int(reference.partition(":")[2]),
            "weight": 1 / len(versions),
        }
        for reference in versions
    ]
    folder = root / "endpoints" / name
    (folder / "logs").mkdir(parents=True)
    record = {
        "format": 1,
        "name": name,
        "created": "2026-12-01T00:00:00Z",
        "deployments": deployments,
        "settings": settings,
    }
    (folder / "endpoint.json").write_text(json.dumps(record))
    return folder
