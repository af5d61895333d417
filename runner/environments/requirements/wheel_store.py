"""Wheels of local projects that environments were built from, stored by hash.

A lock names them like any other package, by name, version and hash. For an installation on this machine, on a
node or in an image, they are copied to a folder and the lock gets their paths.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.environments.build import staging_path
from runner.environments.requirements.packages import normalised
from runner.errors import UserError
from runner.io.files import write_json, write_text
from runner.io.hashes import hash_file, hash_files
from runner.layout import Layout
from runner.ports.say import Say

_BY_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)==[^\s;\\]+")
_BY_PLACE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?) @ [^\s;\\]+")
_HASH = re.compile(r"--hash[=\s]sha256:([0-9a-f]{64})")
# Files that tools leave in a project's folder. They do not affect its wheel.
_LEFT = frozenset((".git", ".hg", ".venv", "venv", "__pycache__", "build", "dist", ".tox", ".nox", ".vivero"))
_ORIGIN = "origin.txt"  # next to a wheel that was built from a repository
_OF_UV = ("error: ", "cause: ", "hint: ", "Building ")
_CACHES = ("_cache", ".egg-info")
# The options of a requirements file that apply to build dependencies, and the corresponding options of `uv build`.
_FOR_BUILDS = {
    **{option: option for option in ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index")},
    "--trusted-host": "--allow-insecure-host",
}


@dataclass(frozen=True)
class StoredWheel:
    """A stored wheel."""

    name: str
    version: str
    sha256: str


class WheelStore:
    """The wheels stored in a workspace.

    Parameters
    ----------
    layout : Layout
        The workspace, or a node's folder with the same layout.
    upgrade : bool
        Fetch repositories even if their wheels are stored, because a branch may have moved.
    """

    def __init__(self, layout: Layout, *, upgrade: bool = False) -> None:
        self._folder, self._upgrade = layout.wheels, upgrade

    def keep(self, wheel: Path) -> StoredWheel:
        """Copy a wheel to the store.

        Raises
        ------
        UserError
            If its file name is not a wheel's.
        """
        parts = wheel.stem.split("-")
        if len(parts) not in (5, 6):
            raise UserError(f"{wheel} is not named like a wheel, such as name-1.0-py3-none-any.whl")
        stored = StoredWheel(normalised(parts[0]), parts[1], hash_file(wheel))
        target = self._folder / stored.sha256
        if not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            with staging_path(self._folder) as staging:
                staging.mkdir()
                shutil.copyfile(wheel, staging / wheel.name)
                try:
                    staging.rename(target)
                except OSError:
                    if not target.exists():  # otherwise another process was faster
                        raise
        return stored

    def build(self, source: Path, options: Sequence[str], say: Say) -> StoredWheel:
        """Return the wheel of a project's folder or a source archive, building it if necessary.

        Raises
        ------
        UserError
            If it is not a project or cannot be built. The message contains the builder's reason.
        """
        noted = self._folder / f"{_key_of(source)}.json"
        if noted.exists():
            stored = StoredWheel(**json.loads(noted.read_bytes()))
            if (self._folder / stored.sha256).exists():
                return stored
        stored = self._build(source, options, say, copied=True)
        write_json(noted, vars(stored))
        return stored

    def build_in_place(self, source: Path, options: Sequence[str], say: Say) -> StoredWheel:
        """Return the wheel of a folder that may be modified, such as a checked-out repository.

        Raises
        ------
        UserError
            As for `build`.
        """
        return self._build(source, options, say, copied=False)

    def _build(self, source: Path, options: Sequence[str], say: Say, *, copied: bool) -> StoredWheel:
        if source.is_dir() and not any((source / name).is_file() for name in ("pyproject.toml", "setup.py")):
            raise UserError(
                f"environment: {source} is not a package: it has neither pyproject.toml nor setup.py",
                "Write a pyproject.toml, see https://packaging.python.org/tutorials/packaging-projects",
            )
        say(f"Building a wheel of {source if copied else source.name}")
        with tempfile.TemporaryDirectory(prefix="vivero-wheel-") as made:
            return self.keep(_built(_copy(source, Path(made)) if copied else source, Path(made), options))

    def lines_of(self, line: str) -> list[str] | None:
        """Return the lines noted for a requirement line, if their wheels still exist and no upgrade is requested."""
        noted = self._folder / _name_of(line)
        if self._upgrade or not noted.exists():
            return None
        lines: list[str] = json.loads(noted.read_bytes())
        return lines if all((self._folder / digest).exists() for digest in _HASH.findall("\n".join(lines))) else None

    def note_lines(self, line: str, lines: Sequence[str], origin: str) -> None:
        """Note the lines that replace a requirement line. The first was built from `origin`, which locks mention."""
        for digest in _HASH.findall(lines[0]):
            write_text(self._folder / digest / _ORIGIN, origin)
        write_json(self._folder / _name_of(line), list(lines))

    def files(self, text: str) -> list[Path]:
        """Return the stored wheels whose hashes appear in a lock or in requirement lines."""
        folders = [self._folder / digest for digest in dict.fromkeys(_HASH.findall(text))]
        return [wheel for folder in folders for wheel in folder.glob("*.whl")]

    def placed(self, text: str, folder: str | None = None) -> str:
        """Return a lock or requirement lines in which stored wheels are named by path.

        Given a name and version, an installer would ask an index, which may have another package of that name.

        Parameters
        ----------
        text : str
            A text that names wheels by name, version and hash.
        folder : str or None
            The folder of the wheels for the installer. None means the store.
        """
        return self._changed(text, _BY_NAME, lambda wheel: f" @ {_address(wheel, folder)}")

    def named(self, text: str) -> str:
        """Return the text with names and versions instead of paths, preceded by comments on the origins of wheels."""
        made = [(wheel.name, wheel.with_name(_ORIGIN)) for wheel in self.files(text)]
        comments = [f"# {name} is made from {origin.read_text()}\n" for name, origin in made if origin.exists()]
        return "".join(comments) + self._changed(text, _BY_PLACE, lambda wheel: f"=={wheel.name.split('-')[1]}")

    def _changed(self, text: str, form: re.Pattern[str], way: Callable[[Path], str]) -> str:
        if not self.files(text):
            return text

        def changed(block: str) -> str:
            wheels = self.files(block)
            return form.sub(lambda match: match[1] + way(wheels[0]), block, count=1) if wheels else block

        return "".join(map(changed, re.split(r"(?<=\n)(?=\S)", text)))

    def copy(self, text: str, folder: Path) -> bool:
        """Copy the stored wheels in a text to a new folder. Return whether there are any."""
        wheels = self.files(text)
        for wheel in wheels:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(wheel, folder / wheel.name)
        return bool(wheels)


def _address(wheel: Path, folder: str | None) -> str:
    return (Path(folder) / wheel.name if folder is not None else wheel).as_uri()


def _key_of(source: Path) -> str:
    if source.is_file():
        return hashlib.sha256(f"file {hash_file(source)}".encode()).hexdigest()[:32]
    return hashlib.sha256(f"folder {hash_files(source, _names(source))}".encode()).hexdigest()[:32]


def _names(source: Path) -> list[str]:
    files: list[str] = []
    for parent, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name not in _LEFT and not name.endswith(_CACHES)]
        files += [str(Path(parent, name).relative_to(source)) for name in names if Path(parent, name).is_file()]
    return sorted(files)


def _name_of(line: str) -> str:
    return f"{hashlib.sha256(f'line {line}'.encode()).hexdigest()[:32]}.json"


def _copy(source: Path, made: Path) -> Path:
    """Copy a folder in which to build, because builders leave files behind."""
    if not source.is_dir():
        return source
    copy = made / source.resolve().name
    for name in _names(source):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, copy / name)
    if (source / ".git").exists():
        (copy / ".git").symlink_to((source / ".git").resolve())  # a version may be read from its tags
    return copy


def _built(source: Path, made: Path, options: Sequence[str]) -> Path:
    from runner.environments.requirements.uv_command import OFFLINE_PYTHON, complaint, uv
    from runner.hosts.local import LocalHost

    pairs = [option.replace("=", " ", 1).split(None, 1) for option in options]
    words = [word for pair in pairs if pair[0] in _FOR_BUILDS for word in (_FOR_BUILDS[pair[0]], *pair[1:])]
    command = [uv(), "build", "--wheel", "--out-dir", str(made / "out"), *words, str(source)]
    done = LocalHost().run(command, variables={**OFFLINE_PYTHON, "VIRTUAL_ENV": None})
    wheels = list((made / "out").glob("*.whl"))
    if done.exit_code != 0 or len(wheels) != 1:
        why = _last_of_builder(done.output) or complaint(done.output)
        raise UserError(f"environment: {source.name} cannot be built: {why}")
    return wheels[0]


def _last_of_builder(output: bytes) -> str:
    """Return the last line of the builder's output, ignoring uv's."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line and not line.startswith(_OF_UV)), "")
