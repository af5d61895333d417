"""Copies files out of a workspace into a folder of the user: checked, and all or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.errors import UserError

_BLOCK = 1 << 20


@contextlib.contextmanager
def new_folder(target: Path, option: str = "--to") -> Iterator[Path]:
    """Give a folder to fill; its contents appear in `target` when the block ends, and nothing does when it fails.

    Parameters
    ----------
    target : Path
        Where.
    option : str
        The option that another one is named with.

    Raises
    ------
    UserError
        If the target exists and is not an empty folder, or cannot be made.
    """
    made = _claim(target, option)
    # Inside the target, so that nothing is ever written elsewhere and every rename stays on one file system.
    staged = target / f".partial-{secrets.token_hex(4)}"
    try:
        staged.mkdir()
        yield staged
        for entry in sorted(staged.iterdir()):
            entry.rename(target / entry.name)
        staged.rmdir()
    except BaseException:
        from runner.io.files import remove_tree

        remove_tree(staged)
        with contextlib.suppress(OSError):  # not empty: somebody else has put something there
            for folder in made:
                folder.rmdir()
        raise


def _claim(target: Path, option: str) -> list[Path]:
    """Make the target, and return the folders that had to be made for it, innermost first."""
    if target.is_dir():
        if any(target.iterdir()):
            raise UserError(f"{target} exists and is not empty", f"Choose another folder with {option} DIR")
        return []
    if os.path.lexists(target):
        raise UserError(f"{target} exists and is not a folder", f"Choose another folder with {option} DIR")
    made = [folder for folder in (target, *target.parents) if not os.path.lexists(folder)]
    try:
        target.mkdir(parents=True)
    except OSError as error:
        raise UserError(
            f"Cannot create {target}: {error.strerror}", f"Choose another folder with {option} DIR"
        ) from error
    return made


def copy_tree(source: Path, target: Path, expected: Mapping[str, str] | None = None, *, complete: bool = False) -> int:
    """Copy the regular files of a folder; symbolic links are left out, since they can lead anywhere.

    Parameters
    ----------
    source, target : Path
        The folders.
    expected : Mapping[str, str], optional
        SHA-256 by relative path, where it is recorded. What is missing or differs is refused.
    complete : bool
        Refuse files that were not recorded, too.

    Returns
    -------
    int
        How many files were copied.

    Raises
    ------
    UserError
        If a file is not what was recorded.
    """
    from runner.io.files import list_files

    names = list_files(source) if source.is_dir() else []
    missing = sorted(set(expected or ()) - set(names))
    if missing:
        raise UserError(f"{source} no longer contains {missing[0]}, which was recorded", "The files have changed since")
    added = sorted(set(names) - set(expected or ())) if complete else []
    if added:
        raise UserError(f"{source} contains {added[0]}, which was not recorded", "The files have changed since")
    for name in names:
        copy_file(source / name, target / name, (expected or {}).get(name))
    return len(names)


def copy_file(source: Path, target: Path, sha256: str | None = None) -> None:
    """Copy one regular file, checking the very bytes that are copied.

    Raises
    ------
    UserError
        If they are not those that were recorded.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    # O_NOFOLLOW: a link put there after the listing must not be followed either.
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as read, target.open("xb") as written:
        while block := read.read(_BLOCK):
            hasher.update(block)
            written.write(block)
        state = os.fstat(read.fileno())
    target.chmod(state.st_mode & 0o755 | 0o600)
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
    if sha256 is not None and hasher.hexdigest() != sha256:
        raise UserError(f"{source} is not the recorded file: its SHA-256 differs", "The file was changed or is damaged")
