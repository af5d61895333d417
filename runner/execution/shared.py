"""Shares work between runs of one command: copies the source, prepares an environment and runs git only once."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Generic, TypeVar

from runner.execution.context import RunContext
from runner.layout import Layout
from runner.ports.environment import Environment, EnvironmentHandle
from runner.ports.host import Host
from runner.ports.say import Say
from runner.ports.snapshots import SnapshotStore
from runner.records import EnvironmentRecord, GitState, SnapshotRecord
from runner.worker import environment_seal

T = TypeVar("T")
_LOOK = 1.0  # seconds


class Once(Generic[T]):
    """Creates a value once for each key. Concurrent callers wait for it. Failures are retried."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._made: dict[Hashable, T] = {}

    def get(
        self, key: Hashable, make: Callable[[], T], good: Callable[[T], bool] = lambda _made: True
    ) -> tuple[T, bool]:
        """Return the value and whether it already existed. A value that is no longer `good` is created again."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key in self._made and good(self._made[key]):
                return self._made[key], True
            self._made[key] = make()
            return self._made[key], False


class Shared:
    """Lets the contexts of many runs share what they have in common."""

    def __init__(self) -> None:
        self._snapshots: Once[tuple[SnapshotRecord, SnapshotStore]] = Once()
        self._handles: Once[EnvironmentHandle] = Once()
        self._git: Once[tuple[GitState | None, bytes | None]] = Once()
        self._looks: Once[_Looks] = Once()

    def between(self, context: RunContext) -> RunContext:
        """Return a context that reuses the snapshots, environments and git states of earlier runs."""
        place = repr(context.spec.compute) if context.compute.apart else ""  # each node builds its own environments
        return dataclasses.replace(
            context,
            snapshots=_Snapshots(context.snapshots, self._snapshots),
            environment=_Environment(
                context.environment,
                self._handles,
                repr(context.spec.environment) + place,
                self._looks.get(context.layout.root, lambda: _Looks(context.layout))[0],
            ),
            look_at_git=lambda source, diff: self._look(context.look_at_git, source, diff),
        )

    def _look(self, look: Callable[[Path, Path], GitState | None], source: Path, diff: Path) -> GitState | None:
        def first() -> tuple[GitState | None, bytes | None]:
            state = look(source, diff)
            return state, diff.read_bytes() if diff.exists() else None

        (state, content), known = self._git.get(source, first)
        if known and content is not None:
            diff.write_bytes(content)
        return state


class _Snapshots:
    """A snapshot store that reads a source folder once. The store that saved a snapshot can repair it."""

    def __init__(self, inner: SnapshotStore, saved: Once[tuple[SnapshotRecord, SnapshotStore]]) -> None:
        self._inner, self._saved = inner, saved

    def save(self, source: Path, say: Say) -> SnapshotRecord:
        (record, self._inner), _ = self._saved.get(source, lambda: (self._inner.save(source, say), self._inner))
        return record

    def check_out(self, digest: str, target: Path) -> None:
        self._inner.check_out(digest, target)


class _Looks:
    """Checks that environments on this machine have not changed since they were built.

    A run that changes an environment removes its record, which is checked each time. Other changes are checked
    at most once a second, because a sweep starts many trials in that time.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._looked: dict[str, float] = {}

    def is_intact(self, handle: EnvironmentHandle) -> bool:
        prefix = str(self._layout.environment(handle.record.key))
        now = time.monotonic()
        if now - self._looked.get(prefix, -_LOOK) < _LOOK:
            return not environment_seal.is_invalid(prefix)
        self._looked[prefix] = now
        return not environment_seal.changes(prefix)


class _Environment:
    """An environment that is prepared once, and again if a trial has changed it. On nodes, the cluster checks that."""

    def __init__(self, inner: Environment, handles: Once[EnvironmentHandle], key: str, looks: _Looks) -> None:
        self._inner, self._handles, self._key, self._looks = inner, handles, key, looks

    def prepare(self, host: Host, say: Say) -> EnvironmentHandle:
        return self._handles.get(self._key, lambda: self._inner.prepare(host, say), self._looks.is_intact)[0]

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> Any:
        return self._inner.restore(record, lock_text, host, say)
