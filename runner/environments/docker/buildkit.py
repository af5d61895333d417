"""Builds Dockerfiles that need BuildKit with the docker command, because the engine's API does not offer it.

A step of the Dockerfile that requests a secret of the build gets it
(docs.docker.com/build/building/secrets): ``RUN --mount=type=secret,id=netrc,target=/root/.netrc ...``.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner.environments.docker.build_secrets import files, variables
from runner.errors import UserError
from runner.ports.say import Say

_ASKS = re.compile(
    r"^\s*#\s*syntax\s*=|^\s*RUN\s+--(mount|network|security)\b|^\s*(COPY|ADD)\s+.*--(chmod|link)\b"
    r"|^\s*(RUN|COPY|ADD)\b.*<<-?['\"]?[A-Za-z_]",
    flags=re.MULTILINE | re.IGNORECASE,
)
_OWN = 23  # from this version on, the docker command builds only with its buildx plugin
_LINE = re.compile(r"#(\d+) (?:\d+\.\d+ )?(.*)")
_LAST = 4  # lines shown of a failed step


def is_needed(dockerfile: str) -> bool:
    """Return whether a Dockerfile needs BuildKit."""
    return _ASKS.search(dockerfile) is not None


def build(file: Path, context: Path, labels: Mapping[str, str], say: Say) -> str:
    """Build the image and return its id.

    Raises
    ------
    UserError
        If no docker command has BuildKit, or a step fails. The message contains the step's last lines.
    """
    command, program_variables = _program()
    words = [*command, "--progress=plain", "--file", str(file)]
    words += [f"--label={name}={value}" for name, value in labels.items()]
    words += [f"--secret={_fields(f'id={name}', f'src={path}')}" for name, path in files().items()]
    words += [f"--secret={_fields(f'id={name}', f'env={name}')}" for name in variables(pip=True)]
    with tempfile.TemporaryDirectory(prefix="vivero-") as place:
        made = Path(place, "id")
        words += [f"--iidfile={made}", str(context)]
        lines = list[str]()
        with subprocess.Popen(
            words,
            env={**os.environ, **program_variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout is not None  # noqa: S101 - Popen was given a pipe
            for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                if line and " sha256:" not in line[:12]:
                    say(line)
                    lines.append(line)
        if process.returncode != 0:
            raise UserError(f"The image could not be built: {_summary(lines)}", "The full log is logs/environment.log")
        return made.read_text().strip()


def _program() -> tuple[list[str], dict[str, str]]:
    """Return the build command and its variables, for the first docker on the PATH that has BuildKit."""
    for folder in os.get_exec_path():
        docker = Path(folder, "docker")
        if docker.is_file() and os.access(docker, os.X_OK):
            if _says([str(docker), "buildx", "version"]) is not None:
                return [str(docker), "buildx", "build", "--load"], {}
            version = re.search(r"(\d+)\.", _says([str(docker), "--version"]) or "")
            if version and int(version[1]) < _OWN:
                return [str(docker), "build"], {"DOCKER_BUILDKIT": "1"}
    raise UserError(
        "This Dockerfile needs BuildKit, and no docker command here has it", "Install Docker's buildx plugin"
    )


def _fields(*fields: str) -> str:
    """Return fields as a CSV line, the docker command's format, so that a path may contain a comma."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _says(command: Sequence[str]) -> str | None:
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _summary(lines: Sequence[str]) -> str:
    """Return the failed step, its last lines and the error."""
    steps: dict[str, list[str]] = {}
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        said = steps.setdefault(match[1], [])
        if match[2].startswith("ERROR: "):
            title, *output = said or [""]
            return " ".join([f"{title}:", *output[-_LAST:], match[2].removeprefix("ERROR: ")])
        said.append(match[2])
    return lines[-1] if lines else "docker gave no reason"
