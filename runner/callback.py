"""Programs that the worker starts: finish a run without a controller, and answer ``register_model``.

Started as ``python callback.py finish|answer RUN_FOLDER [REQUEST]`` by the worker, from any folder, and as ``python
callback.py follow RUN_FOLDER`` by a controller that detaches from a run on a cluster, or finds one unattended.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":  # started by path: search the parent folder for the package, not this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from runner.errors import UserError
from runner.io.files import write_json


def answer(folder: Path, request: Path) -> None:
    """Register the model that the script asked for, and write the answer it waits for."""
    from runner.execution.requests import answer_of
    from runner.io.json_records import read_record
    from runner.io.names import check_name
    from runner.records import RegisterRequest
    from runner.recovery import reopen, run_folder_record
    from runner.rerun import checked
    from runner.stages.artefacts import Registration, register_version
    from runner.worker.run.script_requests import refusal

    target = answer_of(request)
    try:
        layout, record = run_folder_record(folder)
        record = checked(layout, record)
        registration = read_record(request, RegisterRequest)
        wanted = Registration(
            name=check_name(registration.name, "model name"),
            artefact=_artefact(folder, registration.path),
            framework=registration.framework or "ScikitLearn",
            framework_version=registration.framework_version,
            description=registration.description,
            tags=dict(registration.tags or {}),
            properties=dict(registration.properties or {}),
            resources=dict(registration.resources or {}),
        )
        context = reopen(layout, record)
        with context.closing:  # connected only if a model is inspected
            made = register_version(context, record, wanted)
        write_json(target, {"ok": True, "name": made.name, "version": made.version, "sha256": made.sha256})
    except UserError as mistake:
        write_json(target, refusal(str(mistake)))


def _artefact(folder: Path, path: str | None) -> Path:
    from runner.layout import RunLayout

    work = RunLayout(folder).work.resolve()
    artefact = (work / (path or "")).resolve()
    if path is None or not artefact.exists() or artefact == work or not artefact.is_relative_to(work):
        raise UserError(f"register_model: {path} does not exist in the run", "Give a path inside the run's folder")
    return artefact


def main(arguments: list[str]) -> None:
    """Run the requested action."""
    kind, folder = arguments[0], Path(arguments[1])
    if kind == "answer":
        answer(folder, Path(arguments[2]))
        return
    from runner.recovery import follow, reconcile, run_folder_record
    from runner.rerun import checked

    if kind == "follow":
        layout, record = run_folder_record(folder)
        follow(layout, checked(layout, record))
    reconcile(*run_folder_record(folder), ended=kind == "finish")


if __name__ == "__main__":
    from runner.console.boundary import guarded

    sys.exit(guarded(lambda: main(sys.argv[1:])))
