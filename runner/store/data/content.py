"""Finds the files of a new data asset in the files and folders that a user names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import UserError
from runner.io.folders import BadLinkError, followed_files
from runner.io.names import check_file_name


@dataclass(frozen=True)
class Content:
    """A file or a folder to store.

    Attributes
    ----------
    name : str
        The name that scripts see.
    files : mapping of str to Path
        The path of each file with links resolved, by its path in the folder, or by its name if `is_file`.
    is_file : bool
        Whether this is a single file.
    """

    name: str
    files: Mapping[str, Path]
    is_file: bool


def find_content(sources: Sequence[Path], name: str | None, workspace: Path) -> Content:
    """Return the content of one file or folder, or of several that are gathered in one folder.

    Links inside a named folder are followed. Hidden files are included.

    Parameters
    ----------
    sources : sequence of Path
        The files and folders that the user names.
    name : str or None
        The name that scripts see. None means that of the source, or of the folder that contains several sources.
    workspace : Path
        The root of the workspace, which no source may contain.

    Raises
    ------
    UserError
        If a source does not exist, is neither a file nor a folder, contains the workspace, or has a link that cannot be
        followed.
    """
    sources = list(dict.fromkeys(Path(os.path.abspath(source)) for source in sources))
    for source in sources:
        _check_source(source, workspace)
    if len(sources) == 1 and sources[0].is_file():
        (file,) = sources
        name = check_file_name(name or file.name, "data file name")
        return Content(name, {name: Path(os.path.realpath(file))}, is_file=True)
    if len(sources) == 1:
        folder = sources[0]
        files = {file: _resolved(folder / file) for file in files_inside(folder)}
    else:
        folder = Path(os.path.commonpath([source.parent for source in sources]))
        files = _together(sources, folder)
    return Content(check_file_name(name or folder.name or "root", "data folder name"), files, is_file=False)


def _check_source(source: Path, workspace: Path) -> None:
    try:
        source.lstat()
    except FileNotFoundError:
        raise UserError(f"{source} does not exist") from None
    except OSError as error:  # a folder above it is closed, is a file or has too long a name
        raise UserError(f"{source} cannot be read: {error.strerror}") from None
    if not source.is_file() and not source.is_dir():
        raise UserError(f"{source} is not a regular file or folder, or is a broken link")
    if Path(os.path.realpath(workspace)).is_relative_to(os.path.realpath(source)):
        raise UserError(f"{source} contains the workspace {workspace}", "Name the folders or files with the data")


def _together(sources: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Return the files of several sources, by the sources' names where these differ, else by their paths."""
    names = [source.name for source in sources]
    files: dict[str, Path] = {}
    for source in sources:
        name = source.name if len(set(names)) == len(names) else source.relative_to(folder).as_posix()
        if source.is_file():
            files[name] = Path(os.path.realpath(source))
        else:
            files |= {f"{name}/{file}": _resolved(source / file) for file in files_inside(source)}
    return dict(sorted(files.items()))


def files_inside(folder: Path) -> list[str]:
    """Return the files of a folder as sorted paths; links inside it are followed.

    Raises
    ------
    UserError
        If a link is broken, leads out of the folder or back above itself, or something is not a regular file.
    """
    real = os.path.realpath(folder)

    def refuse_outside(path: str, _is_folder: bool) -> bool:
        place = folder / path
        if place.is_symlink() and not Path(os.path.realpath(place)).is_relative_to(real):
            raise BadLinkError(f"the link {path} leads out of the folder")
        return False

    try:
        return followed_files(folder, refuse_outside)
    except BadLinkError as wrong:
        raise UserError(f"{folder}: {wrong}", "Remove it, or name a folder without it") from None
    except RecursionError:
        raise UserError(f"{folder} has folders that are nested too deeply") from None
    except OSError as error:
        raise UserError(f"{error.filename or folder} cannot be read: {error.strerror}") from None


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path
