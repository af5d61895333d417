"""``vivero environments export``: a Dockerfile and a lock to use elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, say
from runner.errors import UserError
from runner.layout import RunLayout

_CONDA = """FROM condaforge/miniforge3
COPY environment.lock pip.lock /tmp/
{copies}RUN conda create --yes --prefix /opt/environment --file /tmp/environment.lock \\
 && /opt/environment/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r /tmp/pip.lock
ENV PATH=/opt/environment/bin:$PATH
"""


@click.command()
@click.argument("key", metavar="KEY")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="A new or empty folder.")
@global_options
def export(key: str, output: Path) -> None:
    """Export an environment as files to build it without vivero: Dockerfile, environment.lock and README.md."""
    from runner.api.copies import new_folder
    from runner.environments.catalogue import find_environment, stored_environments
    from runner.environments.requirements.lock import check_hashed
    from runner.environments.requirements.wheel_store import WheelStore
    from runner.io.files import write_text

    output, wheel_store = output.absolute(), WheelStore(workspace())
    environment = find_environment(stored_environments(workspace()), key)
    if environment.record is None:
        raise UserError(f"Environment {environment.key} is {environment.problem}")
    check_hashed(environment.lock(), "it cannot be exported")
    with new_folder(output, "--output") as folder:
        for name, text in _locks(environment.lock(), environment.record.kind).items():
            write_text(folder / name, wheel_store.placed(text, "/tmp/wheels"))  # noqa: S108 - in an image
        has_wheels = wheel_store.copy(environment.lock(), folder / "wheels")
        write_text(
            folder / "Dockerfile",
            _dockerfile(environment.folder, environment.record.kind, environment.record.python_version, has_wheels),
        )
        write_text(folder / "README.md", _readme(environment.key, environment.record.kind))
    if wants_json():
        emit_json({"key": environment.key, "folder": str(output)})
    else:
        say(f"Wrote {output}: docker build -t NAME {output}")


def _locks(lock: str, kind: str) -> dict[str, str]:
    """Return the files of a lock. A conda lock is split into conda's part and pip's part."""
    if kind != "conda":
        return {str(RunLayout.lock_file): lock}
    from runner.environments.conda.lock import read_lock

    parsed = read_lock(lock)
    return {str(RunLayout.lock_file): dataclasses.replace(parsed, pip="").text(), "pip.lock": parsed.pip}


def _dockerfile(folder: Path, kind: str, python: str, has_wheels: bool) -> str:
    copies = "COPY wheels /tmp/wheels\n" if has_wheels else ""
    dockerfile = folder / "Dockerfile"
    if dockerfile.exists():
        return dockerfile.read_text()
    if kind == "conda":
        return _CONDA.format(copies=copies)
    if kind == "docker":
        raise UserError("This environment is an image that vivero did not build", "Push it: docker push IMAGE")
    return (
        f"FROM python:{python}-slim\n"
        f"COPY environment.lock /tmp/environment.lock\n{copies}"
        f"RUN pip install --no-cache-dir --require-hashes -r /tmp/environment.lock"
        " && rm /tmp/environment.lock\n"
    )


def _readme(key: str, kind: str) -> str:
    return (
        f"# Environment {key}\n\n"
        f"Of kind {kind}. `environment.lock` names each package with its version and hashes.\n\n"
        "```\ndocker build -t environment .\n```\n\n"
        "If the Dockerfile copies files, put them beside it: they are not part of this folder.\n"
    )
