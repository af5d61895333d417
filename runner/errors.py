"""The one exception a user is meant to see."""

from __future__ import annotations

import errno
from collections.abc import Iterable


class UserError(Exception):
    """A mistake or a limit the user can do something about: printed as one line, exit code 1.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    hint : str
        What to do about it; printed behind the message.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Give the one line."""
        line = f"{self.message.rstrip('. ')}. {self.hint}" if self.hint else self.message
        return " ".join(line.split())


_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (  # or too large, or not what belongs there
    errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EFBIG, errno.ELOOP, errno.ENXIO,
    errno.ENAMETOOLONG, errno.EIO,
)  # fmt: skip


def storage_error(error: BaseException) -> UserError | None:
    """Return what a user should read when a disk is full or may not be written, None for any other error."""
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):  # the tempfile module's own words
        return UserError("There is no temporary folder that can be written", "Make /tmp writable, or set TMPDIR to one")
    if not isinstance(error, OSError) or error.errno not in (*_FULL, *_CLOSED):
        return None
    place = f": {error.filename}" if error.filename else ""
    hint = "Make room, then finish what was begun: vivero recover" if error.errno in _FULL else ""
    return UserError(f"{error.strerror}{place}", hint)


def as_mistake(error: BaseException) -> UserError | None:
    """Return what a user should read of an exception, None of one that is a bug of ours."""
    return error if isinstance(error, UserError) else storage_error(error)


_ALIKE = 0.65  # of two words, where 1 is the same: scr and src are, nope and none are not meant for each other
_LISTED = 30


def close(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, None if none is like it."""
    import difflib  # here: few commands have a word to correct

    for found in difflib.get_close_matches(word, sorted(set(known)), n=5, cutoff=_ALIKE):
        if difflib.SequenceMatcher(None, *_apart(word, found)).ratio() >= _ALIKE:
            return found
    return None


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which of the known names was probably meant.

    Returns
    -------
    str
        ``Did you mean 'iris'?``, or the list of known names when none is close.
    """
    names = sorted(set(known))
    meant = close(word, names)
    if meant is not None:
        return f"Did you mean '{meant}'?"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"Known: {', '.join(names[:_LISTED])}{more}." if names else ""


def _apart(word: str, name: str) -> tuple[str, str]:
    """Return two names without the folder and the ending that both have: these make no file like another."""
    folder = word.rpartition("/")[0] + "/"
    if name.startswith(folder):
        word, name = word[len(folder) :], name[len(folder) :]
    (first, dot, end), (second, _, other) = word.rpartition("."), name.rpartition(".")
    return (first, second) if dot and end == other and first and second else (word, name)
