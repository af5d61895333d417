"""Caches environments by content: each is built once under a temporary name, checked, and renamed to its key.

An environment that has changed since it was built counts as damaged. It is rebuilt, even while runs use it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.access import ownership
from runner.errors import UserError
from runner.io.folders import sync_folder
from runner.io.moved_folders import is_moved
from runner.io.staging import remove_abandoned, staging_at
from runner.layout import WORKER, Layout, RunLayout
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord
from runner.worker import environment_seal

LOCK = str(RunLayout.lock_file)  # the file with the lock, in the environment's folder
_STAGING = ".building-"


def built(
    host: Host, layout: Layout, key: str, build: Callable[[Path], EnvironmentRecord], say: Say
) -> EnvironmentRecord:
    """Return the record of an environment, building it if necessary.

    Parameters
    ----------
    host : Host
        The machine that stores it.
    layout : Layout
        The workspace, or the corresponding folder of another machine.
    key : str
        Its cache key.
    build : callable
        Fills the given folder, which is then renamed, and returns the record.
    say : Say
        Receives lines of progress.

    Raises
    ------
    UserError
        If other users could have written to it, or it cannot be built.
    """
    target = layout.environment(key)
    if host.is_local:  # on another machine, it belongs to the user who built it there
        ownership.check(layout.root, target)
        ownership.check(layout.root, target / "bin" / "python", link=True)
    existing = _usable(host, target)
    if existing is not None:
        return dataclasses.replace(existing, cached=True)
    with host.lock(layout.environment_lock(key)):
        existing = _usable(host, target)
        if existing is not None:
            return dataclasses.replace(existing, cached=True)
        if host.exists(target):
            say(f"Environment {key[:12]} is damaged{_what_changed(host, target)} and will be rebuilt")
        return dataclasses.replace(_build(host, target, build, say), cached=False)


def _build(host: Host, target: Path, build: Callable[[Path], EnvironmentRecord], say: Say) -> EnvironmentRecord:
    start, where = time.perf_counter(), "" if host.is_local else f" on {host.name}"
    with staging_path(target.parent) if host.is_local else _remote_staging(host, target.parent) as staging:
        record = build(staging)
        host.write(staging / environment_seal.RECORD, json.dumps(record.to_json()).encode())
        _seal(host, staging)
        _put_in_place(host, staging, target)
        if host.is_local:
            sync_folder(target.parent)
    say(f"Built in {time.perf_counter() - start:.1f} s{where}")
    return record


def _seal(host: Host, staging: Path) -> None:
    seal = (WORKER / "environment_seal.py").read_text()
    done = host.run([str(staging / "bin" / "python"), "-I", "-c", seal, str(staging)])
    if done.exit_code != 0:
        raise UserError(f"The environment could not be built: {done.output.decode(errors='replace').strip()}")


def _put_in_place(host: Host, staging: Path, target: Path) -> None:
    """Rename a built environment to its key. Runs that use a damaged one miss it only for a moment."""
    if host.exists(target):
        damaged = staging / "damaged"
        host.rename(target, damaged)
        host.rename(staging, target)
        host.remove(target / "damaged")
    else:
        host.rename(staging, target)


@contextlib.contextmanager
def staging_path(folder: Path) -> Iterator[Path]:
    """Yield a unique path to build at, which is removed afterwards in any case.

    Its name is as long as a key, because built files may depend on the length of their path.
    """
    remove_abandoned(folder.resolve() if is_moved(folder.parent, folder) else folder, _STAGING)
    staging = folder / f"{_STAGING}{secrets.token_hex(11)}"
    with staging_at(staging):
        yield staging


@contextlib.contextmanager
def _remote_staging(host: Host, folder: Path) -> Iterator[Path]:
    """Yield a unique path to build at on another machine.

    If the connection is lost, ``vivero nodes clean`` removes the folder.
    """
    staging = folder / f"{_STAGING}{secrets.token_hex(9)}.part"
    try:
        yield staging
    finally:
        with contextlib.suppress(UserError, OSError):  # a lost connection may be why the block ended
            host.remove(staging)


def _what_changed(host: Host, target: Path) -> str:
    changed = environment_seal.changes(str(target)) if host.is_local else []
    return f" ({environment_seal.shown(changed)} changed)" if changed else ""


def _usable(host: Host, target: Path) -> EnvironmentRecord | None:
    """Return the record of an environment if it exists and has not changed, as far as this machine can see."""
    if not host.exists(target / "bin" / "python"):
        return None
    if host.is_local and (not host.exists(target / environment_seal.SEAL) or environment_seal.changes(str(target))):
        return None
    try:
        record = EnvironmentRecord.from_json(json.loads(host.read(target / environment_seal.RECORD)))
        return dataclasses.replace(record, key=target.name)  # the folder's name decides
    except FileNotFoundError:
        return None
