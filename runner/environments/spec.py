"""What is asked of a virtual environment, gathered from packages, a requirements file and a conda YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.environments.packages import normalised
from runner.errors import UserError
from runner.ports import Say

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_CONDA_PIN = re.compile(r"([A-Za-z0-9._-]+)\s*=\s*([0-9][^=\s]*)(=.*)?")


@dataclass(frozen=True)
class Spec:
    """Requirement lines and the Python asked for."""

    lines: tuple[str, ...]
    python: str | None


def gather(
    packages: Sequence[str],
    requirements: str | None,
    conda_file: str | None,
    python: str | None,
    *,
    base: Path,
    say: Say,
) -> Spec:
    """Return everything asked for, without the ``azureml-*`` packages that the worker stands in for.

    Raises
    ------
    UserError
        If a file cannot be read, or the conda YAML asks for what only conda has.
    """
    lines = list(packages)
    if requirements is not None:
        lines += read_requirements(base / requirements, "environment.requirements")
    if conda_file is not None:
        found, wanted = read_conda(base / conda_file)
        lines += found
        python = python or wanted
    kept = []
    for line in lines:
        name = _NAME.match(line)
        if name and normalised(name[1]).startswith("azureml-"):
            say(f"{line.strip()} is left out: what a script needs of azureml is provided")
        else:
            kept.append(line.strip())
    return Spec(tuple(sorted(set(kept))), python)


def read_requirements(path: Path, setting: str) -> list[str]:
    """Return a requirements file's lines, those of the files it includes too."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{setting}: {path} cannot be read ({error})") from None
    lines: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        words = (
            line.split(" #")[0].split("#")[0].strip() if line.lstrip().startswith("#") else line.split(" #")[0].strip()
        )
        if match := re.match(r"(?:-r|--requirement)[\s=]+(\S+)", words):
            lines += read_requirements(path.parent / match[1], setting)
        elif words:
            lines.append(words)
    return lines


def read_conda(path: Path) -> tuple[list[str], str | None]:
    """Return the pip requirements of a conda YAML and its Python.

    Its conda packages are taken from the package index under the same name: true for the scientific Python packages
    that training needs, and an error naming the package where it is not.
    """
    import yaml

    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"environment.conda_file: {path} cannot be read ({' '.join(str(error).split())})") from None
    dependencies = content.get("dependencies") if isinstance(content, dict) else None
    if not isinstance(dependencies, list):
        raise UserError(f"environment.conda_file: {path} has no list of dependencies")
    lines: list[str] = []
    python = None
    for one in dependencies:
        if isinstance(one, dict):
            lines += [str(line) for line in one.get("pip") or []]
            continue
        text = str(one).partition("::")[2] or str(one)
        pin = _CONDA_PIN.fullmatch(text.replace("==", "="))
        name = pin[1] if pin else re.split(r"[<>=!\s]", text)[0]
        if name == "python":
            python = pin[2] if pin else None
        elif name != "pip":
            lines.append(f"{pin[1]}=={pin[2]}" + ("" if pin[2].count(".") >= 2 else ".*") if pin else text)
    return lines, python
