"""The source of two runs side by side: the files that differ between their snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from runner.api import Run
from runner.console.format import clean

_FILES = 40
_LARGEST = 200_000  # bytes of a file that is compared line by line
_LINES = 2000
_CONTEXT = 3
_LONGEST = 400  # characters of a line


@dataclass
class Line:
    """A line on both sides, or None on the side without it. `kind` is same, change, left, right or gap."""

    kind: str
    left_number: int | None = None
    left: str | None = None
    right_number: int | None = None
    right: str | None = None


@dataclass
class File:
    """A file that differs. `only` is the side that has it, left or right, if the other has not.

    `note` says why its lines are not shown.
    """

    name: str
    note: str = ""
    only: str = ""
    lines: list[Line] = field(default_factory=list)


def changed_files(left: Run, right: Run) -> tuple[list[File], int, int]:
    """Return the files that differ, how many more do, and how many are the same.

    Raises
    ------
    UserError
        If a snapshot is damaged.
    """
    ours, theirs = left.snapshot_files(), right.snapshot_files()
    names = [name for name in sorted({*ours, *theirs}) if not _is_same(ours.get(name), theirs.get(name))]
    files = [_compare(name, ours.get(name), theirs.get(name)) for name in names[:_FILES]]
    return files, max(0, len(names) - _FILES), len({*ours, *theirs}) - len(names)


def _is_same(left: Path | None, right: Path | None) -> bool:
    if left is None or right is None:
        return False
    if left == right:
        return True
    try:
        if left.stat().st_size != right.stat().st_size:
            return False
        return _has_same_content(left, right)
    except OSError:  # a file was removed from the snapshot
        return False


def _has_same_content(left: Path, right: Path) -> bool:
    with left.open("rb") as ours, right.open("rb") as theirs:
        while (block := ours.read(1 << 20)) == theirs.read(1 << 20):
            if not block:
                return True
    return False


def _compare(name: str, left: Path | None, right: Path | None) -> File:
    texts = [_text(path) for path in (left, right)]
    only = "left" if right is None else "right" if left is None else ""
    if None in texts:
        return File(clean(name), "It is not text, or too large to compare line by line.", only)
    return File(clean(name), only=only, lines=_lines(texts[0] or [], texts[1] or []))


def _text(path: Path | None) -> list[str] | None:
    if path is None:
        return []
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return None
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return None
    shown = [clean(line.expandtabs(4))[:_LONGEST] for line in lines]
    return shown if len(shown) <= _LINES and not any("\0" in line for line in lines) else None


def _lines(ours: list[str], theirs: list[str]) -> list[Line]:
    """Return the changed lines with some lines of context."""
    lines: list[Line] = []
    for group in SequenceMatcher(None, ours, theirs).get_grouped_opcodes(_CONTEXT):
        lines += [Line("gap")] if group[0][1] or group[0][3] else []
        for kind, left, left_end, right, right_end in group:
            for at in range(max(left_end - left, right_end - right)):
                i, j = left + at, right + at
                has = (i < left_end, j < right_end)
                word = "same" if kind == "equal" else "change" if all(has) else "left" if has[0] else "right"
                lines.append(
                    Line(
                        word,
                        *((i + 1, ours[i]) if has[0] else (None, None)),
                        *((j + 1, theirs[j]) if has[1] else (None, None)),
                    )
                )
    return lines
