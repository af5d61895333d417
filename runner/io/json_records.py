"""The only way to read records: any file content gives a checked record, or one line that says what is wrong.

Files in a workspace may have been written by a script, another release or another user, and a FIFO, folder or link may
be in a record's place. Only regular files of bounded size and JSON of bounded depth are read. Code that reads many
records skips damaged ones and names each once with `warn_once`; code that reads one record lets the error through.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from runner.console.format import clean
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.io.record import Record

T = TypeVar("T", bound="Record")

LARGEST = 64 << 20  # bytes of a record, and of one line of a file of lines
LARGEST_LINES = 4 << 30
DEEPEST = 100  # far below Python's recursion limit, both for reading and for writing it again
_DIGITS = 300  # longer numbers cannot be used in calculations
_MARK = b"\xef\xbb\xbf"  # some editors write it at the start of a file
_MESSAGE = 200  # characters of the problem in a message
_warned: set[str] = set()


class BadRecordError(UserError):
    """A damaged file. The message names it and says what is wrong."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(f"{path} is damaged: {_short(problem)}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MESSAGE else f"{text[: _MESSAGE - 3]}..."


def open_regular(path: Path | str, largest: int = LARGEST) -> BinaryIO:
    """Open a regular file for reading. Refuse anything else in its place without blocking on it.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    UserError
        If it is a link, a folder or a special file, is too large, or may not be read.
    """
    return os.fdopen(_opened(path, largest)[0], "rb")


def _opened(path: Path | str, largest: int) -> tuple[int, int]:
    """Return the descriptor of a regular file, and its size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadRecordError(path, _reason(error)) from None
    state = os.fstat(descriptor)
    if stat.S_ISREG(state.st_mode) and state.st_size <= largest:
        return descriptor, state.st_size
    os.close(descriptor)
    if stat.S_ISREG(state.st_mode):
        raise BadRecordError(path, f"it has {state.st_size} bytes, and the limit is {largest}")
    raise BadRecordError(path, "it is not a regular file")


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a link"
    if error.errno == errno.ENXIO:  # a socket, or a device that is not there
        return "it is not a regular file"
    return str(error.strerror or error)


def read_bytes(path: Path | str, largest: int = LARGEST) -> bytes:
    """Return the content of a regular file; raises as `open_regular`."""
    descriptor, size = _opened(path, largest)
    content = b""
    try:
        while len(content) <= largest and (block := os.read(descriptor, max(size - len(content), 0) + 1)):
            content += block
    except OSError as error:
        raise BadRecordError(path, str(error.strerror or error)) from None
    finally:
        os.close(descriptor)
    return content


def read_text(path: Path | str) -> str:
    """Return the content of a regular file of UTF-8 text; raises as `open_regular`."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise BadRecordError(path, str(error)) from None


def parse(content: bytes | str) -> Any:
    """Parse JSON.

    Numbers that JSON lacks, such as NaN, are returned as text, as in records.

    Raises
    ------
    ValueError
        If it is not JSON in UTF-8, is nested too deeply, or has a number with too many digits.
    """
    text = content.removeprefix(_MARK).decode() if isinstance(content, bytes) else content
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise ValueError("it is nested too deeply")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"it has a number of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=str)


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels + 1):
        below = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in below for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def read_json(path: Path | str) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    UserError
        If it cannot be read, or is damaged.
    """
    return parsed(read_bytes(path), path)


def parsed(content: bytes, where: Path | str) -> Any:
    """Parse JSON.

    Raises
    ------
    UserError
        If it is damaged.
    """
    try:
        return parse(content)
    except ValueError as error:
        raise BadRecordError(where, str(error)) from None


def read_mapping(path: Path | str) -> dict[str, Any]:
    """Return the content of a JSON file, which must be a mapping. Raises like `read_json`."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise BadRecordError(path, "it is not a mapping")
    return value


def read_record(path: Path | str, kind: type[T]) -> T:
    """Return the record in a file.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    UserError
        If it cannot be read, is damaged, or of a later format.
    """
    from runner.io.record import check_format

    value = read_json(path)
    if kind.has_format():
        check_format(value, str(path))
    return as_record(value, kind, path)


def as_record(value: Any, kind: type[T], where: Path | str) -> T:
    """Return the record that plain data describes.

    Raises
    ------
    UserError
        If a field is missing or of another type.
    """
    try:
        return kind.from_json(value)
    except ValueError as error:
        raise BadRecordError(where, str(error)) from None


def read_lines(path: Path | str, kind: type[Record], *, whole: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the lines of a JSON-lines file that are records of a kind, as plain mappings.

    Other lines are skipped with one warning. A last line that was cut short by a kill is left out. A missing
    file counts as empty.

    Parameters
    ----------
    whole : bool
        Whether a damaged line is an error.

    Raises
    ------
    UserError
        If the file cannot be read, or `whole` and a line is damaged.
    """
    try:
        file = open_regular(path, LARGEST_LINES)
    except FileNotFoundError:
        return
    wrong, first = 0, ""
    with file:
        for number, line in enumerate(_whole_lines(file, path), 1):
            parsed = check_line(line, kind)
            if isinstance(parsed, dict):
                yield parsed
            elif parsed is not None:
                if whole:
                    raise BadRecordError(path, f"line {number}: {parsed}")
                wrong, first = wrong + 1, first or f"line {number}: {parsed}"
    if wrong:
        more = f" (and {wrong - 1} more)" if wrong > 1 else ""
        warn_once(path, f"{path} is damaged; skipped {_short(first)}{more}")


def repair_lines(path: Path | str) -> None:
    """Cut off an incomplete last line, to which the next would otherwise be appended."""
    try:
        content = read_bytes(path, LARGEST_LINES)
    except FileNotFoundError:
        return
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        os.truncate(path, whole)


def check_line(line: bytes, kind: type[Record]) -> dict[str, Any] | str | None:
    """Return the content of a line, or a text that says what is wrong with it, or None if it is empty."""
    if not line.strip():
        return None
    try:
        if len(line) > LARGEST:
            raise ValueError("it is too long")
        value = parse(line)
        kind.from_json(value)
    except ValueError as error:
        return str(error)
    return dict(value)


def _whole_lines(file: BinaryIO, path: Path | str) -> Iterator[bytes]:
    """Yield the complete lines. A line that is too long is cut just above the limit."""
    try:
        while line := file.readline(LARGEST + 1):
            if not line.endswith(b"\n") and len(line) <= LARGEST:
                return
            yield line
            while not line.endswith(b"\n"):
                line = file.readline(LARGEST)
                if not line:
                    return
    except OSError as error:
        raise BadRecordError(path, str(error.strerror or error)) from None


def warn_once(path: Path | str, text: str) -> None:
    """Warn about a skipped file on standard error, once per process."""
    key = os.fspath(path)
    if key not in _warned and sys.stderr is not None:
        _warned.add(key)
        sys.stderr.write(f"warning: {clean(text)}\n")
