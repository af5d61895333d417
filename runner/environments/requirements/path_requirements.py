"""Parses requirement lines that name a local file or folder.

All forms that pip accepts become an absolute ``file:`` address with special characters quoted. A space, an ``@`` or
a ``;`` in a path then stays part of the path in every later use of the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.errors import UserError

_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)")
_HASHES = re.compile(r"(?:\s+--hash[=\s]\s*\S+)+$")
_HASH = re.compile(r"--hash[=\s]\s*(\S+)")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*@\s*(\S.*)")
_EXTRAS = re.compile(r"\s*(\[[^\]/]*\])$")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DIGEST = re.compile(r"(?:^|&)(sha256|sha384|sha512)=([0-9a-f]+)")
_BELOW = re.compile(r"(?:^|&)subdirectory=([^&]+)")
_CONDITION = re.compile(r"\b(?:python|os|sys|platform|implementation)_\w+\b|\bextra\b")
_PACKED = (".whl", ".zip", ".egg", ".tgz", ".tbz", ".txz", ".tlz", ".tar", *(f".tar.{suffix}" for suffix in (
    "gz", "bz2", "xz", "lz", "lzma", "zst",
)))  # fmt: skip


@dataclass(frozen=True)
class PathRequirement:
    """A requirement by path.

    Parameters
    ----------
    path : Path
        The file or folder, absolute.
    name : str
        The required name, or empty.
    extras : str
        ``[a,b]``, or empty.
    marker : str
        The text after ``;``, or empty.
    hashes : tuple of str
        The given hashes of the file.
    """

    path: Path
    name: str
    extras: str
    marker: str
    hashes: tuple[str, ...]

    def line(self) -> str:
        """Return a requirement line that `path_requirement` parses to this one, whatever the current folder."""
        named = (
            f"{self.name}{self.extras} @ {self.path.as_uri()}" if self.name else f"{self.path.as_uri()}{self.extras}"
        )
        return f"{named}{f' ; {self.marker}' if self.marker else ''}{''.join(f' --hash={sha}' for sha in self.hashes)}"


def path_requirement(line: str, folder: Path = Path("/")) -> PathRequirement | None:
    """Parse a requirement line that names a path. Return None for other lines.

    If a line is ambiguous, because a path may contain ``;`` or brackets, the reading whose path exists is used.

    Parameters
    ----------
    line : str
        The line, without a comment.
    folder : Path
        The folder where a relative path starts.

    Raises
    ------
    UserError
        If the text after ``;`` is not a condition, or a ``file:`` address has a host.
    """
    text = _EDITABLE.sub("", line.strip(), count=1) if line.strip().startswith("-") else line.strip()
    given = _HASHES.search(text)
    hashes = _HASH.findall(given[0]) if given else []
    text = text[: given.start()] if given else text
    name = extras = marker = ""
    before, _, after = text.rpartition(";")
    if _CONDITION.search(after) and before and not _is_there(text, folder):
        text, marker = before.strip(), after.strip()
    if not _is_there(text, folder) and (named := _NAMED.fullmatch(text)):
        name, extras, text = named[1], named[2] or "", named[3]
    if _is_address(text) if name else not _is_path(text):
        return None
    if not extras and not _is_there(text, folder) and (match := _EXTRAS.search(text)):
        text, extras = text[: match.start()], match[1]
    path, fragment = _path_of(text, folder)
    hashes += [f"{kind}:{digest}" for kind, digest in _DIGEST.findall(fragment)]
    if below := _BELOW.search(fragment):
        path = (path / unquote(below[1])).resolve()
    if ";" in text.rpartition("/")[2] and not path.exists():
        raise UserError(
            f"environment: {after.strip()!r} in {line.strip()!r} is not a condition",
            "Write one such as python_version > '3.10'",
        )
    return PathRequirement(path, name, extras, marker, tuple(hashes))


def _is_address(text: str) -> bool:
    return _SCHEME.match(text) is not None and not text.lower().startswith("file:")


def _is_path(text: str) -> bool:
    """Return whether a text without a name has the form of a path, by pip's rules."""
    if _is_address(text) or text.startswith("-"):
        return False
    return "/" in text or text in {".", "..", "~"} or text.lower().startswith("file:") or text.endswith(_PACKED)


def _is_there(text: str, folder: Path) -> bool:
    if not _is_path(text) or text.lower().startswith("file:"):
        return False
    try:
        return _absolute(text, folder).exists()
    except OSError:  # longer than a file name may be
        return False


def _path_of(text: str, folder: Path) -> tuple[Path, str]:
    """Return the path and the fragment after ``#``."""
    if not text.lower().startswith("file:"):
        if _is_there(text, folder):
            return _absolute(text, folder), ""
        plain, _, fragment = text.partition("#")
        return _absolute(plain, folder), fragment
    plain, _, fragment = text.partition("#")
    parts = urlsplit(plain)
    if parts.netloc not in ("", "localhost"):
        raise UserError(
            f"environment: {text} names a host, {parts.netloc!r}",
            "Write ./FOLDER, or file:///FOLDER with three slashes",
        )
    return _absolute(unquote(plain[len("file:") :].removeprefix(f"//{parts.netloc}")), folder), fragment


def _absolute(text: str, folder: Path) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # a user that does not exist
        raise UserError(f"environment: {text} starts with a home folder that does not exist") from None
    return (folder / path).resolve()
