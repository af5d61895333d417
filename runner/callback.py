"""What the worker calls back: finish a run whose controller is gone, answer a script's ``register_model``.

Started as ``python callback.py finish|answer RUN_FOLDER [REQUEST]`` by the worker, from any folder, and as ``python
callback.py follow RUN_FOLDER`` by a controller that leaves a run on a cluster, or finds one left.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

if __name__ == "__main__":  # started by path: the package is one folder up, this folder is not to be searched
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from runner.errors import UserError
from runner.io.files import write_json


def answer(folder: Path, request: Path) -> None:
    """Register what the script asked for and write the answer it waits for."""
    from runner.io.json_records import read_record
    from runner.io.names import check_name
    from runner.records import RegisterRequest
    from runner.recovery import reopen, run_folder_record
    from runner.rerun import checked
    from runner.stages.artefacts import Wanted, register_version

    target = request.with_name(f"{request.stem}.answer.json")
    try:
        layout, record = run_folder_record(folder)
        record = checked(layout, record)
        asked = read_record(request, RegisterRequest)
        wanted = Wanted(
            name=check_name(asked.name, "model name"),
            artefact=_artefact(folder, asked.path),
            framework=asked.framework or "ScikitLearn",
            framework_version=asked.framework_version,
            description=asked.description,
            tags=dict(asked.tags or {}),
            properties=dict(asked.properties or {}),
            resources=dict(asked.resources or {}),
        )
        context = reopen(layout, record)
        with contextlib.closing(context.compute):  # which is connected to where a model is inspected only if one is
            made = register_version(context, record, wanted)
        write_json(target, {"ok": True, "name": made.name, "version": made.version, "sha256": made.sha256})
    except UserError as mistake:
        write_json(target, {"ok": False, "error": str(mistake)})


def _artefact(folder: Path, path: str | None) -> Path:
    work = (folder / "work").resolve()
    found = (work / (path or "")).resolve()
    if path is None or not found.exists() or found == work or not found.is_relative_to(work):
        raise UserError(f"register_model: the run has no file or folder {path}", "Give a path inside the run's folder")
    return found


def main(arguments: list[str]) -> None:
    """Do what the worker asks."""
    kind, folder = arguments[0], Path(arguments[1])
    if kind == "answer":
        answer(folder, Path(arguments[2]))
        return
    from runner.recovery import followed, reconcile, run_folder_record
    from runner.rerun import checked

    if kind == "follow":
        layout, record = run_folder_record(folder)
        followed(layout, checked(layout, record))
    reconcile(*run_folder_record(folder), ended=kind == "finish")


if __name__ == "__main__":
    from runner.console.boundary import guarded

    sys.exit(guarded(lambda: main(sys.argv[1:])))
