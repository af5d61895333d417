"""Divides an input into pieces, in the order of its files and rows. Each piece is the input of a separate run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.errors import UserError
from runner.io.files import make_folder, write_bytes
from runner.io.folders import BadLinkError, followed_files, remove_tree
from runner.pipelines.parallel.rows import check_table, delimiter_of, pieces_of
from runner.pipelines.parallel.settings import ROWS, Division

_DIGITS = 4  # in a piece's name, so that up to 9999 names sort as text


@dataclass(frozen=True)
class Piece:
    """A part of an input.

    Parameters
    ----------
    name : str
        The number of the piece, which is also the name of its step.
    path : Path
        The input of the piece's run: a folder if the whole input is a folder, otherwise a file.
    items : int
        The number of files or rows in it.
    delimiter : str or None
        The character between the cells of its rows, None for files and JSON lines.
    """

    name: str
    path: Path
    items: int
    delimiter: str | None = None


def divide(source: Path, division: Division, folder: Path) -> list[Piece]:
    """Divide an input into pieces and return them.

    Parameters
    ----------
    source : Path
        The file or folder.
    folder : Path
        Where the pieces are written. What it contains is removed first. A piece of files consists of links to them.

    Raises
    ------
    UserError
        If `source` does not exist, cannot be read, contains a broken link, or cannot be divided into rows.
    """
    if not source.exists():
        raise UserError(f"data.inputs.{division.input}: {source} does not exist")
    remove_tree(folder)
    files = _files(source, division.input)
    made = _of_rows(source, files, division, folder) if division.unit == ROWS else _of_files(
        source, files, division, folder
    )  # fmt: skip
    return list(made)


def _files(source: Path, name: str) -> list[str]:
    """Return the relative paths of the files in a folder. A single file has the empty path."""
    if source.is_file():
        return [""]
    try:
        return followed_files(source)
    except BadLinkError as wrong:
        raise UserError(f"data.inputs.{name}: {wrong}", "Remove it, or use a folder without it") from None
    except OSError as error:
        raise UserError(f"data.inputs.{name}: {error.filename or source} cannot be read: {error.strerror}") from None


def _of_files(source: Path, files: list[str], division: Division, folder: Path) -> Iterator[Piece]:
    for start in range(0, len(files), division.size):
        block = files[start : start + division.size]
        name = _name(start // division.size)
        for file in block:
            link = _place(folder, name, source, file)
            link.symlink_to((source / file).absolute())
        yield Piece(name, folder / name / source.name, len(block))


def _of_rows(source: Path, files: list[str], division: Division, folder: Path) -> Iterator[Piece]:
    number = 0
    for file in files:
        check_table(source / file)  # check every file before dividing the first
    for file in files:
        delimiter = delimiter_of(source / file)
        for rows in pieces_of(source / file, division.size):
            name = _name(number)
            write_bytes(_place(folder, name, source, file), rows.content, durable=False)
            yield Piece(name, folder / name / source.name, rows.number, delimiter)
            number += 1


def _place(folder: Path, name: str, source: Path, file: str) -> Path:
    place = folder / name / source.name / file if file else folder / name / source.name
    make_folder(folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _name(index: int) -> str:
    return f"{index + 1:0{_DIGITS}}"
