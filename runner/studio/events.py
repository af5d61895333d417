"""Tells pages what has changed. All tabs of a workspace share one file watcher.

It watches the folders whose entries show that something began or ended, and the folders and logs of active runs. No
watch is recursive, so a workspace of 100,000 runs needs few more kernel watches than a small one. The watch begins
with the first tab and ends some seconds after the last one has closed.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from runner.api import UserError, Workspace

_SWEEPS = 50  # sweeps whose folders are watched: those that changed last
_ASSETS = 200  # and data assets
_DEBOUNCE = 300  # milliseconds for which changes are collected
_TICK = 500  # milliseconds after which the watcher returns without a change
_LOOK = 60  # ticks without a change after which the folders to watch are looked up again
_SHARE = 29  # the pause after a lookup, as a multiple of the time that the lookup took
_LONGEST_PAUSE = 2.0  # seconds
_SHORTEST_WATCH = 2.0  # seconds; a new watch costs as much as some lookups, and in a sweep runs begin all the time
_LINGER = 30.0  # seconds for which the watch continues without a tab, such as between two pages
_ALIVE = 15.0  # seconds between two comments in a stream; sending one fails if the tab is gone
_LISTED = 200  # ids of a kind in a message; if more changed, pages are told to read everything again
Change = dict[str, list[str]]
"""The ids of what changed, by kind: runs, sweeps, models, endpoints and data."""


class Feed:
    """The changes of one workspace. `sequence` counts them, so that a page knows whether it missed one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.sequence = 0
        self._tabs: set[asyncio.Queue[bytes | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._end: asyncio.TimerHandle | None = None

    async def changes(self, since: int) -> AsyncIterator[bytes]:
        """Yield server-sent events for one tab. `since` is the sequence number at which its page was rendered."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._begin(queue)
        try:
            yield b"retry: 1000\nevent: ready\ndata: {}\n\n"
            if since != self.sequence:
                yield _event(None)
            while True:
                try:
                    data = await asyncio.wait_for(queue.get(), _ALIVE)
                    if data is None:
                        return
                    yield data
                except TimeoutError:
                    yield b": alive\n\n"
        finally:
            self._leave(queue)

    def _begin(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._tabs.add(queue)
        if self._end is not None:
            self._end.cancel()
        self._task = self._task or asyncio.create_task(self._keep_watching())

    def _leave(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._tabs.discard(queue)
        if not self._tabs:
            self._end = asyncio.get_running_loop().call_later(_LINGER, self._stop)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._end = None

    async def _keep_watching(self) -> None:
        """Watch until it is canceled. Begin again when a run or sweep has begun or ended, or when a watch fails."""
        while True:
            try:
                await self._watch()
            except (OSError, UserError):  # a folder was removed before its watch began, or the workspace is away
                await asyncio.sleep(_LONGEST_PAUSE)

    async def _watch(self) -> None:
        """Watch until other folders have to be watched."""
        from watchfiles import awatch

        folders = await asyncio.to_thread(_watched, self._workspace)
        began, ticks, is_stale = time.monotonic(), 0, False
        async for changes in awatch(
            *folders, recursive=False, debounce=_DEBOUNCE, step=50, yield_on_timeout=True, rust_timeout=_TICK
        ):
            if ticks == 0:  # something may have changed between the lookup of the folders and their watch
                self._tell(None)
            elif changes and (change := _name(self._workspace, (Path(path) for _, path in changes))):
                self._tell(change)
            ticks += 1
            if is_stale and time.monotonic() - began >= _SHORTEST_WATCH:
                return
            if not is_stale and (changes or ticks % _LOOK == 1):
                started = time.monotonic()
                is_stale = await asyncio.to_thread(_watched, self._workspace) != folders
                # On a busy machine runs come first: changes during the pause are sent together.
                await asyncio.sleep(min(_LONGEST_PAUSE, _SHARE * (time.monotonic() - started)))

    def close(self) -> None:
        """End the watch and the stream of every tab."""
        if self._end is not None:
            self._end.cancel()
        self._stop()
        for queue in self._tabs:
            queue.put_nowait(None)

    def _tell(self, change: Change | None) -> None:
        """Send a change to every tab. None means that anything may have changed."""
        if change is not None and any(len(ids) > _LISTED for ids in change.values()):
            change = None
        self.sequence += 1
        for queue in self._tabs:
            queue.put_nowait(_event(change))


def _event(change: Change | None) -> bytes:
    return b"event: change\ndata: " + json.dumps(change).encode() + b"\n\n"


def _watched(workspace: Workspace) -> set[Path]:
    """Return the folders to watch."""
    layout = workspace.layout
    tops = [layout.root, layout.runs, layout.sweeps, layout.models, layout.endpoints, layout.data]
    folders = {folder for folder in tops if folder.is_dir()}
    for top in (layout.runs, layout.models, layout.endpoints):
        folders |= {folder for folder in top.iterdir() if folder.is_dir()} if top.is_dir() else set()
    folders |= _latest(layout.data, _ASSETS) | _latest(layout.sweeps, _SWEEPS)
    active = [run.folder for run in workspace.active_runs()]
    folders |= {folder for run in active for folder in (run.root, run.logs)}
    return {folder for folder in folders if folder.is_dir()}


def _latest(folder: Path, limit: int) -> set[Path]:
    """Return the subfolders that changed last: of 10,000 data assets, those in use."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        by_time = [
            (entry.stat(follow_symlinks=False).st_mtime, entry.path)
            for entry in entries
            if entry.is_dir(follow_symlinks=False)
        ]
    return {Path(path) for _, path in sorted(by_time)[-limit:]}


def _name(workspace: Workspace, paths: Iterable[Path]) -> Change:
    """Return the runs, sweeps, models, endpoints and data assets that changed files belong to."""
    layout, changed = workspace.layout, dict[str, set[str]]()
    depth = {layout.runs: 2, layout.sweeps: 1, layout.models: 1, layout.endpoints: 1, layout.data: 1}
    for path in paths:
        for top, at in depth.items():
            # Each run that reads data writes the cache of hashes, which no page shows.
            if top in path.parents and not path.name.startswith(layout.hashes.name):
                parts = path.relative_to(top).parts
                name = parts[min(at, len(parts)) - 1]
                # A file beside the folders, such as the list of edited runs, does not say which of them changed.
                changed.setdefault(top.name, set()).update([] if name.startswith(".") else [name])
    return {kind: sorted(ids) for kind, ids in changed.items()}
