"""Environments kept by their content: built aside, checked, and renamed to their key, once."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.files import locked, remove_tree, sweep, sync_folder, write_json
from runner.layout import Layout
from runner.ports import Say
from runner.records import EnvironmentRecord

LOCK = "environment.lock"  # the lock beside what it made
_RECORD, _STAGING = "environment.json", ".building-"


def built(layout: Layout, key: str, build: Callable[[Path], EnvironmentRecord], say: Say) -> EnvironmentRecord:
    """Return the record of an environment, which is built unless it is there.

    Parameters
    ----------
    layout : Layout
        The workspace.
    key : str
        What it is kept by.
    build : callable
        Fills the folder it is given, which is then renamed, and returns the record.
    say : Say
        Takes lines of progress.
    """
    target = layout.environment(key)
    cached = _usable(target)
    if not cached:
        layout.environments.mkdir(parents=True, exist_ok=True)
        with locked(layout.environments / f"{key}.lock"):
            cached = _usable(target)
            if not cached:
                if target.exists():
                    say(f"Environment {key[:12]} is damaged and is built again")
                    remove_tree(target)
                _build(target, build, say)
    record = EnvironmentRecord.from_json(json.loads((target / _RECORD).read_bytes()))
    return dataclasses.replace(record, cached=cached)


def _build(target: Path, build: Callable[[Path], EnvironmentRecord], say: Say) -> None:
    start = time.perf_counter()
    with aside(target.parent) as staging:
        record = build(staging)
        write_json(staging / _RECORD, record.to_json())
        staging.rename(target)
        sync_folder(target.parent)
    say(f"Built in {time.perf_counter() - start:.1f} s")


@contextlib.contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """Give a path to build at that nobody else has and that is gone afterwards, however the work ends.

    Its name is as long as a key: what depends on the length of a path comes out as it will be.
    """
    sweep(folder, _STAGING)
    staging = folder / f"{_STAGING}{secrets.token_hex(11)}"
    with locked(staging.with_suffix(".lock")):
        try:
            yield staging
        finally:
            remove_tree(staging)
            staging.with_suffix(".lock").unlink(missing_ok=True)


def _usable(target: Path) -> bool:
    return (target / _RECORD).exists() and (target / "bin" / "python").exists()
