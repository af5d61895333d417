"""Joins the outputs of the pieces, in the order of the input."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from runner.errors import UserError
from runner.io.files import make_folder
from runner.pipelines.parallel.rows import header_of
from runner.worker.batch import HEADER, RESULTS

_WITH_HEADER = (".csv", ".tsv")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class PieceOutputs:
    """The outputs of a completed piece.

    Parameters
    ----------
    name : str
        The name of the piece.
    folder : Path
        The outputs folder of its run.
    files : sequence of str
        The files in that folder, as relative paths.
    properties : dict
        The properties of its run.
    """

    name: str
    folder: Path
    files: Sequence[str]
    properties: dict[str, str]


def join(pieces: Sequence[PieceOutputs], append_to: str | None, target: Path) -> list[str]:
    """Join the outputs of the pieces, and return notes for the user.

    Parameters
    ----------
    pieces : sequence of PieceOutputs
        The completed pieces, in the order of the input.
    append_to : str or None
        The file of each piece to concatenate. All other files are copied.
    target : Path
        The folder for the joined outputs.

    Raises
    ------
    UserError
        If two pieces wrote a file of the same name, or a file and a folder of the same name, or if no piece wrote the
        file `append_to`.
    """
    _check_names(pieces, append_to)
    for piece in pieces:
        for name in piece.files:
            if name != append_to:
                _copy(piece.folder / name, target / name)
    return [] if append_to is None else _append(pieces, append_to, target / append_to)


def _check_names(pieces: Sequence[PieceOutputs], append_to: str | None) -> None:
    """Refuse a file that two pieces wrote, or whose path is a folder of another piece."""
    hint = "Put the name of an input file in it, or set parallel.append_to"
    owner: dict[str, str] = {}
    for piece in pieces:
        for name in piece.files:
            first = owner.setdefault(name, piece.name)
            if first != piece.name and name != append_to:
                raise UserError(f"The pieces {first} and {piece.name} both wrote outputs/{name}", hint)
    for name, piece_name in owner.items():
        for folder in map(str, PurePosixPath(name).parents):
            if folder in owner:
                raise UserError(
                    f"The path outputs/{folder} is a file of piece {owner[folder]} and a folder of piece {piece_name}",
                    hint,
                )


def _copy(source: Path, target: Path) -> None:
    make_folder(target.parent)
    shutil.copyfile(source, target)


def _append(pieces: Sequence[PieceOutputs], name: str, target: Path) -> list[str]:
    """Concatenate the files of the pieces. The header of a CSV file is written once."""
    written = [piece for piece in pieces if name in piece.files]
    if pieces and not written:
        raise UserError(f"No piece wrote outputs/{name}, which parallel.append_to names")
    make_folder(target.parent)
    header: bytes | None = None
    with target.open("wb") as file:
        for piece in written:
            if piece.properties.get(RESULTS) != "0" and (piece.folder / name).stat().st_size:
                header = _add(piece, name, file, header)
    missing = len(pieces) - len(written)
    return [f"{missing} of {len(pieces)} pieces did not write {name}"] if missing else []


def _add(piece: PieceOutputs, name: str, file: BinaryIO, header: bytes | None) -> bytes | None:
    """Append a piece's file, and return its header, which the files of the next pieces must share."""
    path = piece.folder / name
    own_header = _header(path, has=piece.properties.get(HEADER, "1") == "1")
    if header is not None and own_header.rstrip(b"\r\n") != header.rstrip(b"\r\n"):
        raise UserError(
            f"The header of outputs/{name} in piece {piece.name} differs from that of the earlier pieces",
            "Write the same header in each piece, or use a file that is not .csv or .tsv",
        )
    _pour(path, file, skip=len(own_header) if header is not None else 0)
    return own_header


def _header(path: Path, *, has: bool) -> bytes:
    if not has or path.suffix.lower() not in _WITH_HEADER:
        return b""
    with path.open("rb") as file:
        return header_of(file, path)


def _pour(path: Path, target: BinaryIO, skip: int) -> None:
    """Copy a file's content, and end it with a line break."""
    last = b"\n"
    for block in _blocks(path, skip):
        target.write(block)
        last = block[-1:]
    if last != b"\n":
        target.write(b"\n")


def _blocks(path: Path, skip: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(skip)
        while block := file.read(_BLOCK):
            yield block
