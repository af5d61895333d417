"""Gathers the specs of a conda environment from settings and a conda YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.environments.interpreters import as_version
from runner.environments.requirements.spec import Requirements, Spec, conda_content, without_provided
from runner.errors import UserError, nearest
from runner.ports.say import Say

PRIORITIES = ("strict", "disabled")
_KEYS = {"name", "prefix", "channels", "dependencies"}  # the first two only concern conda itself
_SELECTORS = {"sel(linux)": True, "sel(unix)": True, "sel(osx)": False, "sel(win)": False}
_USUAL = "conda-forge"
_ANACONDA = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")  # conda's `defaults`
_NAME = re.compile(r"(?:\S+::)?\s*([A-Za-z0-9_][A-Za-z0-9._-]*)")
_PYTHON = re.compile(r"\d+(\.\d+){0,2}", re.ASCII)
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*|[a-z][a-z0-9+.-]*://[^\s@]+|[./~].*", re.ASCII)
_SECRET = re.compile(r"://[^/\s]*@|://[^/\s]+/t/[^/\s]+|^t/[^/\s]+")  # a password, and conda's tokens


@dataclass(frozen=True)
class CondaSpec:
    """A request for a conda environment: specs, channels in order, channel priority and pip packages."""

    specs: tuple[str, ...]
    channels: tuple[str, ...]
    priority: str
    pip: Spec


def gather(
    file: str | None,
    packages: Sequence[str],
    pip: Sequence[str],
    python: str | None,
    channels: Sequence[str],
    priority: str,
    *,
    base: Path,
    say: Say,
) -> CondaSpec:
    """Combine the settings and the file. The settings' channels come first, and their Python replaces the file's.

    Raises
    ------
    UserError
        If a file cannot be read, or a value is invalid.
    """
    if priority not in PRIORITIES:
        raise UserError(f"environment.channel_priority={priority} is not valid", "Use strict or disabled")
    if file is None and not packages:
        raise UserError(
            "environment=conda has no packages", "Set environment.file=FILE.yaml or environment.packages=[NAME]"
        )
    specs, requirements = [_plain(package, "environment.packages") for package in packages], Requirements()
    for line in pip:
        requirements.take(_plain(line, "environment.pip", option=True), base / "environment.pip", "environment.pip")
    named_channels = [_channel(channel, "environment.channels") for channel in channels]
    if file is not None:
        content = _content(base / file)
        specs += _dependencies(content["dependencies"], base / file, requirements)
        named_channels += [
            _channel(channel, f"environment.file: {base / file}") for channel in content.get("channels") or []
        ]
    if python is not None or not any(name_of(spec) == "python" for spec in specs):
        specs = [*(spec for spec in specs if name_of(spec) != "python"), _python(python)]
    return CondaSpec(
        tuple(sorted(set(specs))),
        tuple(
            dict.fromkeys(
                _address(expanded, base) for name in named_channels or [_USUAL] for expanded in _expanded(name)
            )
        ),
        priority,
        Spec(
            tuple(sorted(set(without_provided(requirements.lines, say)))),
            tuple(sorted(set(requirements.constraints))),
            tuple(requirements.options),
        ),
    )


def name_of(spec: str) -> str:
    """Return the name of the package in a spec."""
    match = _NAME.match(spec)
    return match[1].lower() if match else ""


def _content(path: Path) -> dict[str, Any]:
    content = conda_content(path, "environment.file")
    for key in content:
        if key not in _KEYS:
            hint = "Use job.environment_variables instead" if key == "variables" else nearest(str(key), _KEYS)
            raise UserError(f"environment.file: {path} has an unsupported key '{key}'", hint)
    if not isinstance(content.get("channels") or [], list):
        raise UserError(f"environment.file: {path}: channels must be a list")
    return content


def _dependencies(entries: list[Any], path: Path, requirements: Requirements) -> Iterator[str]:
    """Yield conda specs, and add the lines of a pip part to `requirements`."""
    where = f"environment.file: {path}"
    for entry in entries:
        if isinstance(entry, str):
            yield _plain(entry, where)
            continue
        parts = entry if isinstance(entry, dict) else {str(entry): None}
        for key, value in parts.items():
            if key == "pip" and isinstance(value, list):
                for line in value:
                    requirements.take(_plain(line, where, option=True), path, "environment.file")
            elif key not in _SELECTORS:
                raise UserError(
                    f"{where} has '{' '.join(str(key).split())}' in its dependencies",
                    "Only package names and a pip: list are supported",
                )
            elif _SELECTORS[key]:
                yield from (_plain(entry, where) for entry in (value if isinstance(value, list) else [value]))


def _plain(value: object, where: str, *, option: bool = False) -> str:
    """Return a user's value after checking that it is one printable line and not an option."""
    text = str(value).strip()
    if not isinstance(value, str) or not text or not text.isprintable() or (text.startswith("-") and not option):
        raise UserError(f"{where}: {text[:60]!r} is not a package")
    if not option and _SECRET.search(text):
        raise _secret(where)
    return text


def _channel(value: object, where: str) -> str:
    text = str(value).strip()
    if _SECRET.search(text):
        raise _secret(where)
    if not text.isprintable() or not _CHANNEL.fullmatch(text):
        raise UserError(f"{where}: {text[:60]!r} is not a channel", "Use a name, an address, or a path with a /")
    return text


def _secret(where: str) -> UserError:
    return UserError(
        f"{where}: a channel's address contains a password or token, which records would keep",
        "Remove it and use ~/.netrc or RATTLER_AUTH_FILE",
    )


def _expanded(channel: str) -> Sequence[str]:
    """Expand conda's own channel names. ``nodefaults`` is always in effect here."""
    return {"defaults": _ANACONDA, "nodefaults": ()}.get(channel, (channel,))


def _address(channel: str, base: Path) -> str:
    return str((base / Path(channel).expanduser()).resolve()) if channel[0] in "./~" else channel


def _python(python: str | None) -> str:
    python = as_version(python)
    if python is not None and not _PYTHON.fullmatch(python):
        raise UserError(f"environment.python={python[:60]!r} is not a version", "Give one such as 3.11 or 3.11.7")
    return "python" if python is None else f"python={python}"
