"""What the settings of an environment name of this machine's files, to be sent with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.environments.spec import gather
from runner.errors import UserError

_CONDA = (".yml", ".yaml")


@dataclass(frozen=True)
class Sent:
    """Settings, and the files that they name by their new names.

    Parameters
    ----------
    settings : mapping
        Plain data.
    files : mapping
        Files of this machine, or content, by name.
    """

    settings: Mapping[str, Any]
    files: Mapping[str, Path | bytes]


def sent_of(config: Any, base: Path) -> Sent:
    """Return what is sent of an environment's settings.

    Raises
    ------
    UserError
        If a file is not there, or a folder that is to be mounted has no place on another machine.
    """
    settings: dict[str, Any] = dataclasses.asdict(config)
    files: dict[str, Path | bytes] = {}
    if settings["kind"] == "conda":
        _take(settings, "file", base, files)
        return Sent(settings, files)
    for one in settings["mounts"]:
        if not Path(one["source"]).is_absolute() and not one["source"].startswith("~"):
            raise UserError(
                f"environment.mounts: {one['source']} is relative", "Give the path that it has on the nodes, from / on"
            )
    if settings["dockerfile"] is not None:
        _take_context(settings, base, files)
    spec = settings["spec"]
    if spec["file"] is not None and Path(spec["file"]).suffix not in _CONDA:
        _take_requirements(spec, base, files)
    else:
        _take(spec, "file", base, files)
    return Sent(settings, files)


def _take(settings: dict[str, Any], key: str, base: Path, files: dict[str, Path | bytes]) -> None:
    if settings[key] is None:
        return
    path = base / Path(settings[key]).expanduser()
    if not path.is_file():
        raise UserError(f"environment: there is no file {path}")
    settings[key] = path.name
    files[path.name] = path


def _take_requirements(spec: dict[str, Any], base: Path, files: dict[str, Path | bytes]) -> None:
    """Take a requirements file with all that it includes as one."""
    found = gather([], spec["file"], None, None, base=base, say=lambda _line: None)
    spec["file"] = "requirements.txt"
    limits = ["-c constraints.txt"] if found.constraints else []
    files["requirements.txt"] = "".join(f"{one}\n" for one in (*found.options, *limits, *found.lines)).encode()
    if found.constraints:
        files["constraints.txt"] = "".join(f"{one}\n" for one in found.constraints).encode()


def _take_context(settings: dict[str, Any], base: Path, files: dict[str, Path | bytes]) -> None:
    """Take a Dockerfile, and of its context what is not ignored."""
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
