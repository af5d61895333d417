"""Copies files from a workspace to a user's folder, verified and all or nothing."""

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
def new_folder(target: Path, option: str | None = "--to") -> Iterator[Path]:
    """Yield a folder to fill. Its content appears in `target` if the block succeeds.

    Parameters
    ----------
    target : Path
        Where.
    option : str or None
        The option for choosing another target, for the message; None if it is an argument.

    Raises
    ------
    UserError
        If the target exists and is not an empty folder, or cannot be created.
    """
    hint = f"Choose another folder with {option} DIR" if option else "Choose another folder"
    with _refusals_reported(target, hint):
        made = _claim(target, hint)
    # Inside the target, so that nothing is ever written elsewhere and every rename stays on one file system.
    staged = target / f".partial-{secrets.token_hex(4)}"
    try:
        with _refusals_reported(target, hint):
            staged.mkdir()
        yield staged
        for entry in sorted(staged.iterdir()):
            entry.rename(target / entry.name)
        staged.rmdir()
    except BaseException:
        from runner.io.folders import remove_tree

        remove_tree(staged)
        with contextlib.suppress(OSError):  # not empty: another process has written to it
            for folder in made:
                folder.rmdir()
        raise


@contextlib.contextmanager
def _refusals_reported(target: Path, hint: str) -> Iterator[None]:
    """Raise a `UserError` if the target cannot be looked at or written to."""
    try:
        yield
    except OSError as error:
        raise UserError(f"Cannot write to {target}: {error.strerror}", hint) from None


def _claim(target: Path, hint: str) -> list[Path]:
    """Create the target, and return the folders that had to be created, innermost first."""
    if target.is_dir():
        if any(target.iterdir()):
            raise UserError(f"{target} exists and is not empty", hint)
        return []
    if os.path.lexists(target):
        raise UserError(f"{target} exists and is not a folder", hint)
    made = [folder for folder in (target, *target.parents) if not os.path.lexists(folder)]
    target.mkdir(parents=True)
    return made


def copy_tree(source: Path, target: Path, expected: Mapping[str, str] | None = None, *, complete: bool = False) -> int:
    """Copy the regular files of a folder. Symbolic links are skipped, because they can lead anywhere.

    Parameters
    ----------
    source, target : Path
        The folders.
    expected : Mapping[str, str], optional
        Recorded SHA-256 by relative path. A missing or different file is refused.
    complete : bool
        Also refuse files that were not recorded.

    Returns
    -------
    int
        The number of copied files.

    Raises
    ------
    UserError
        If a file differs from its record.
    """
    from runner.io.folders import list_files

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
    """Copy one regular file and check the copied bytes.

    Raises
    ------
    UserError
        If it cannot be read, or differs from the record.
    """
    from runner.store.data.blobs import reading

    target.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    with reading(source) as (read, state), target.open("xb") as written:
        while block := read.read(_BLOCK):
            hasher.update(block)
            written.write(block)
    target.chmod(state.st_mode & 0o755 | 0o600)
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
    if sha256 is not None and hasher.hexdigest() != sha256:
        raise UserError(f"{source} is not the recorded file: its SHA-256 differs", "The file was changed or is damaged")
