"""Gathers the requirements of a virtual environment from packages, a requirements file and a conda YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config.limits.yaml_files import load, read_text
from runner.environments.interpreters import as_version
from runner.environments.requirements.packages import normalised
from runner.environments.requirements.path_requirements import path_requirement
from runner.environments.requirements.project import dependencies
from runner.errors import UserError
from runner.ports.say import Say

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)[\s=]*(['\"]?)(\S.*)\2$")
_PASSWORD = re.compile(r"(?<!ssh)://[^/@\s]+@")  # for ssh this is the user name, without a secret
_LOCAL_OPTION = re.compile(r"(--find-links|-f)[\s=]+(?![a-z+]+:)(['\"]?)(\S.*)\2")
_EDITABLE = re.compile(r"^(?:-e|--editable)(?:\s*=\s*|\s+)")
_WITH_VALUE = frozenset((
    "-e", "--editable", "-r", "--requirement", "-c", "--constraint", "-f", "--find-links", "-i", "--index-url",
    "--extra-index-url", "--no-binary", "--only-binary", "--trusted-host",
))  # fmt: skip
_CONDA_PIN = re.compile(r"([A-Za-z0-9._-]+)\s*=\s*([0-9][^=\s]*)(=.*)?")


@dataclass(frozen=True)
class Spec:
    """A request for packages: requirement lines, constraints, options such as ``--extra-index-url``, and the Python."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    python: str | None = None


def gather(
    packages: Sequence[str],
    requirements: str | None,
    conda_file: str | None,
    python: str | None,
    *,
    base: Path,
    say: Say,
) -> Spec:
    """Return all requirements, without the ``azureml-*`` packages that the worker replaces.

    Raises
    ------
    UserError
        If a file cannot be read, or an option contains a password.
    """
    gathered = Requirements()
    for package in packages:
        gathered.take(package, base.absolute() / "environment.packages", "environment.packages")
    if requirements is not None and Path(requirements).suffix == ".toml":
        gathered.lines += [
            _placed(dependency, (base / requirements).absolute().parent)
            for dependency in dependencies(base / requirements)
        ]
    elif requirements is not None:
        gathered.read(base / requirements, "environment.requirements")
    if conda_file is not None:
        lines, pip, wanted = read_conda(base / conda_file)
        gathered.lines += lines
        for line in pip:
            gathered.take(line, (base / conda_file).absolute(), "environment.conda_file")
        python = python or wanted
    kept = without_provided(gathered.lines, say)
    by_name = [line for line in kept if path_requirement(line) is None]
    for name in sorted({match[1] for match in map(_NAME.match, by_name) if match}):
        if (base / name / "pyproject.toml").is_file():
            say(f"{name} is installed from a package index. For the folder of that name, write ./{name}")
    wanted = as_version(python)
    return Spec(tuple(sorted(set(kept))), tuple(sorted(set(gathered.constraints))), tuple(gathered.options), wanted)


def without_provided(lines: Sequence[str], say: Say) -> list[str]:
    """Return requirement lines without the ``azureml-*`` packages that the worker replaces.

    Raises
    ------
    UserError
        For ``sklearn``: it is a module's name, and the package of that name on PyPI cannot be installed.
    """
    kept = []
    for line in lines:
        name = _NAME.match(line)
        if name and normalised(name[1]) == "sklearn":
            raise UserError(
                f"environment: {line.strip()!r} is a module, and its package is scikit-learn", "Write scikit-learn"
            )
        if name and normalised(name[1]).startswith("azureml-"):
            say(f"{line.strip()} is skipped: vivero provides what a script needs of azureml")
        else:
            kept.append(line.strip())
    return kept


class Requirements:
    """The lines of a requirements file and its includes, by kind."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constraints: list[str] = []
        self.options: list[str] = []

    def spec(self) -> Spec:
        """Return the lines as a spec."""
        return Spec(tuple(self.lines), tuple(self.constraints), tuple(self.options))

    def read(self, path: Path, setting: str, inside: tuple[Path, ...] = (), *, constraints: bool = False) -> None:
        """Add a file's lines.

        Raises
        ------
        UserError
            If it cannot be read, includes itself, or contains a password, which the lock would record.
        """
        path = path.resolve()
        if path in inside:
            raise UserError(f"{setting}: {path} includes itself")
        try:
            text = read_text(path)
        except UserError as error:
            raise UserError(f"{setting}: {error.message}", error.hint) from None
        for line in re.sub(r"\\\n", " ", text).splitlines():
            self.take(line, path, setting, (*inside, path), constraints=constraints)

    def take(
        self, raw: str, path: Path, setting: str, inside: tuple[Path, ...] = (), *, constraints: bool = False
    ) -> None:
        """Add one line of a file.

        Raises
        ------
        UserError
            If it contains a password, is an option without a value, or includes a file that `read` rejects.
        """
        line = _EDITABLE.sub(
            "", _COMMENT.sub("", raw).strip()
        )  # an editable install is built as a copy, so that the record says what ran
        if _PASSWORD.search(line):
            raise UserError(
                f"{setting}: {path} has a password in an address, which the lock would keep",
                "Remove it, and set UV_INDEX_URL or use ~/.netrc",
            )
        if line in _WITH_VALUE:
            raise UserError(f"{setting}: {line} has no value", f"Write both in one item: '{line} VALUE'")
        if match := _INCLUDE.match(line):
            limits = constraints or match[1] in ("-c", "--constraint")
            self.read(path.parent / Path(match[3]).expanduser(), setting, inside, constraints=limits)
        elif line.startswith("-"):
            self.options.append(_LOCAL_OPTION.sub(lambda match: f"{match[1]} {_address(path.parent, match[3])}", line))
        elif line:
            (self.constraints if constraints else self.lines).append(_placed(line, path.parent))


def _placed(line: str, folder: Path) -> str:
    """Resolve a path against the folder of its requirements file, as pip does."""
    requirement = path_requirement(line, folder)
    return requirement.line() if requirement else line


def _address(folder: Path, requirement: str) -> str:
    """Return a folder as an option's value. A path with a space becomes an address, because a space ends the value."""
    path = folder / Path(requirement).expanduser()
    return path.as_uri() if " " in str(path) else str(path)


def read_conda(path: Path) -> tuple[list[str], list[str], str | None]:
    """Return the packages of a conda YAML, the lines of its pip part, and its Python version.

    Conda packages are requested from the package index under the same name. That works for the scientific Python
    packages that training needs. Otherwise an error names the package.

    Raises
    ------
    UserError
        If the file cannot be read, or has no list of dependencies.
    """
    dependencies = conda_content(path, "environment.conda_file")["dependencies"]
    lines: list[str] = []
    pip: list[str] = []
    python = None
    for dependency in dependencies:
        if isinstance(dependency, dict):
            pip += [str(line) for line in dependency.get("pip") or []]
            continue
        text = str(dependency).partition("::")[2] or str(dependency)
        pin = _CONDA_PIN.fullmatch(text.replace("==", "="))
        name = pin[1] if pin else re.split(r"[<>=!\s]", text)[0]
        if name == "python":
            python = pin[2] if pin else None
        elif name != "pip":
            lines.append(f"{pin[1]}=={pin[2]}" + ("" if pin[2].count(".") >= 2 else ".*") if pin else text)
    return lines, pip, python


def conda_content(path: Path, setting: str) -> dict[str, Any]:
    """Parse a conda YAML and check that it has a list of dependencies.

    Raises
    ------
    UserError
        If it cannot be read, or has no list of dependencies.
    """
    import yaml

    try:
        content: Any = load(read_text(path), str(path))
    except UserError as error:
        raise UserError(f"{setting}: {error.message}", error.hint) from None
    except yaml.YAMLError as error:
        raise UserError(f"{setting}: {path} cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not isinstance(content.get("dependencies"), list):
        raise UserError(f"{setting}: {path} has no list of dependencies")
    return content
