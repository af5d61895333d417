"""The exception that users see."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence


class UserError(Exception):
    """A mistake or limit that the user can act on. Printed as one line, with exit code 1.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    hint : str
        What to do about it, as a sentence. Printed after the message.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message and the hint as one line."""
        line = f"{self.message.rstrip('. ')}. {self.hint}" if self.hint else self.message
        return " ".join(line.split())


class NotFoundError(UserError):
    """What the user named, such as a run or a model, does not exist."""


_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (  # or too large, or of the wrong kind
    errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EFBIG, errno.ELOOP, errno.ENXIO,
    errno.ENAMETOOLONG, errno.EIO,
)  # fmt: skip


def storage_error(error: BaseException) -> UserError | None:
    """Return the error to show if a disk is full or not writable, None for any other exception."""
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(
        error
    ):  # the message of the tempfile module
        return UserError("No temporary folder is writable", "Make /tmp writable, or set TMPDIR to a folder that is")
    if not isinstance(error, OSError) or error.errno not in (*_FULL, *_CLOSED):
        return None
    place = f": {error.filename}" if error.filename else ""
    hint = "Free some space, then finish interrupted runs: vivero recover" if error.errno in _FULL else ""
    return UserError(f"{error.strerror}{place}", hint)


def as_mistake(error: BaseException) -> UserError | None:
    """Return the user's mistake behind an exception, None if it is a bug."""
    return error if isinstance(error, UserError) else storage_error(error)


_ALIKE = 0.65  # similarity of two words, where 1 is equal: scr may mean src, but nope does not mean none
_LISTED = 30


def close(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None."""
    import difflib  # imported here, because it is rarely needed

    for match in difflib.get_close_matches(word, sorted(set(known)), n=5, cutoff=_ALIKE):
        if difflib.SequenceMatcher(None, *_apart(word, match)).ratio() >= _ALIKE:
            return match
    return None


_LAST_PORT = 65535


def another_port(port: int) -> int:
    """Return a port to suggest if one is taken."""
    return port + 1 if port < _LAST_PORT else port - 1


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


def one_of(word: str, known: Sequence[str], what: str) -> str:
    """Return the word in lower case if it is known.

    Raises
    ------
    UserError
        If it is not, naming the nearest.
    """
    if word.lower() not in known:
        raise UserError(f"Unknown {what} '{word}'", nearest(word.lower(), known))
    return word.lower()


def nearest_key(key: str, known: Iterable[str], rest: str = "") -> str:
    """Say which key was probably meant, in full.

    Parameters
    ----------
    key : str
        The misspelt key with the sections above it, such as ``job.argument``.
    known : iterable of str
        The names in its section.
    rest : str
        What was typed after the key, such as ``.kernel``.
    """
    above, dot, name = key.rpartition(".")
    meant = close(name, known := list(known))
    return f"Did you mean '{above}{dot}{meant}{rest}'?" if meant is not None else nearest(name, known)


def _apart(word: str, name: str) -> tuple[str, str]:
    """Return two names without their common folder and extension, which do not make them similar."""
    folder = word.rpartition("/")[0] + "/"
    if name.startswith(folder):
        word, name = word[len(folder) :], name[len(folder) :]
    (first, dot, end), (second, _, second_end) = word.rpartition("."), name.rpartition(".")
    return (first, second) if dot and end == second_end and first and second else (word, name)
