"""Collects the local files that an environment's settings name, so that they can be sent to a node."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runner.environments.requirements.local_packages import with_stored_wheels
from runner.environments.requirements.spec import Requirements, Spec, conda_content
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.ports.say import Say

WHEELS = "wheels"  # the folder of wheels among the sent files
Files = dict[str, Path | bytes]


@dataclass(frozen=True)
class Upload:
    """Settings, and the files that they refer to.

    Parameters
    ----------
    settings : mapping
        The settings as plain data, with the new names of files.
    files : mapping of str to (Path or bytes)
        Local files, or their content, by new name.
    """

    settings: Mapping[str, Any]
    files: Mapping[str, Path | bytes]


def sent_of(config: Any, base: Path, wheels: WheelStore, lock: str, say: Say) -> Upload:
    """Return an environment's settings and files for a node.

    Parameters
    ----------
    config : DockerEnvironmentConfig or CondaEnvironmentConfig
        The settings.
    base : Path
        The folder that relative paths refer to.
    wheels : WheelStore
        The local wheels. Those that the settings or the lock name are sent.
    lock : str
        The lock to build from, if there is one.
    say : Say
        Receives lines of progress.

    Raises
    ------
    UserError
        If a file does not exist, or a folder to mount has a relative path.
    """
    settings: dict[str, Any] = dataclasses.asdict(config)
    files: Files = {f"{WHEELS}/{wheel.name}": wheel for wheel in wheels.files(lock)}
    if settings["kind"] == "conda":
        _take_yaml(settings, base, files, wheels, say)
        settings["pip"] = _rewrite_lines(settings["pip"], base.absolute() / "environment.pip", files, wheels, say)
        return Upload(settings, files)
    for mount in settings["mounts"]:
        if not Path(mount["source"]).is_absolute() and not mount["source"].startswith("~"):
            raise UserError(
                f"environment.mounts: {mount['source']} is a relative path", "Give the absolute path on the nodes"
            )
    if settings["dockerfile"] is not None:
        _take_context(settings, base, files)
    spec = settings["spec"]
    if spec["kind"] == "conda":
        _take_yaml(spec, base, files, wheels, say)
    elif spec["packages"] or spec["file"]:
        _take_requirements(spec, base, files, wheels, say)
    return Upload(settings, files)


def _take_requirements(spec: dict[str, Any], base: Path, files: Files, wheels: WheelStore, say: Say) -> None:
    """Combine packages and a requirements file with its includes, or a conda YAML, in one file."""
    from runner.environments.docker.spec import read_spec

    parsed = read_spec(SimpleNamespace(**spec), base, lambda _line: None)
    spec["file"] = _written(files, "requirements.txt", _lines(parsed, files, wheels, say))
    spec["packages"], spec["python"] = [], parsed.python


def _take_yaml(settings: dict[str, Any], base: Path, files: Files, wheels: WheelStore, say: Say) -> None:
    """Add a conda YAML, with local paths in its pip part replaced by files that can be sent."""
    if settings["file"] is None:
        return
    path = base / Path(settings["file"]).expanduser()
    if not path.is_file():
        raise UserError(f"environment: {path} does not exist")
    import yaml

    content = conda_content(path, "environment.file")
    for part in [
        dependency for dependency in content["dependencies"] if isinstance(dependency, dict) and dependency.get("pip")
    ]:
        part["pip"] = _rewrite_lines(part["pip"], path, files, wheels, say)
    settings["file"] = path.name
    files[path.name] = yaml.safe_dump(content, sort_keys=False).encode()


def _rewrite_lines(lines: Sequence[Any], path: Path, files: Files, wheels: WheelStore, say: Say) -> list[str]:
    """Rewrite the requirement lines of a file for another machine."""
    requirements = Requirements()
    for line in lines:
        requirements.take(str(line), path, "environment.pip")
    return _lines(requirements.spec(), files, wheels, say)


def _lines(spec: Spec, files: Files, wheels: WheelStore, say: Say) -> list[str]:
    """Rewrite requirement lines for another machine, and add the files they name."""
    stored = with_stored_wheels(spec, wheels, say)
    files |= {f"{WHEELS}/{wheel.name}": wheel for wheel in wheels.files("\n".join(stored.lines))}
    limits = [f"-c {_written(files, 'constraints.txt', stored.constraints)}"] if stored.constraints else []
    return [*stored.options, *limits, *stored.lines]


def _written(files: Files, name: str, lines: Sequence[str]) -> str:
    files[name] = "".join(f"{line}\n" for line in lines).encode()
    return name


def _take_context(settings: dict[str, Any], base: Path, files: Files) -> None:
    """Add a Dockerfile and those files of its context that are not ignored."""
    from runner.environments.docker.dockerfile import DockerfileImage

    file = (base / Path(settings["dockerfile"]).expanduser()).absolute()
    context = (base / Path(settings["context"]).expanduser()).absolute() if settings["context"] else file.parent
    source = DockerfileImage(file, context)
    for name in (".dockerignore", *source.names()):
        path = context / name
        if path.is_symlink() or path.is_file():
            files[f"context/{name}"] = path
    files[f"dockerfile/{file.name}"] = file
    settings["dockerfile"], settings["context"] = f"dockerfile/{file.name}", "context"
