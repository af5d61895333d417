"""Tells pages what has changed: one watcher of files for each workspace, shared by all tabs.

Watched are the folders whose entries say that something began or ended, and those of the runs that go on with their
logs, each without what is below: a workspace of 100,000 runs needs no more of the kernel's watches than a small one.
The watch begins with the first tab and ends with the last.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from runner.api import Workspace

_SWEEPS = 50  # the newest ones, whose folders are watched
_ASSETS = 200  # the same of data assets
_DEBOUNCE = 300  # milliseconds that changes are collected for
_TICK = 500  # milliseconds between two looks at whether anything was noticed
_LOOK = 60  # ticks after which the folders to watch are looked up though nothing was noticed
_SHARE = 9  # pauses after a look, in times that the look took
_LONGEST_PAUSE = 2.0  # seconds
_LINGER = 30.0  # seconds that the watch goes on without a tab, such as from one page to the next
_ALIVE = 15.0  # seconds between two signs of life, by which a server notices tabs that are gone
_LISTED = 200  # ids in a message; a page that gets more reads everything again
Change = dict[str, list[str]]
"""The ids of what changed, by kind: runs, sweeps, models, endpoints and data."""


class Feed:
    """The changes of one workspace. `sequence` counts them, so that a page can tell whether it has missed one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.sequence = 0
        self._tabs: set[asyncio.Queue[bytes | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._end: asyncio.TimerHandle | None = None

    async def changes(self, since: int) -> AsyncIterator[bytes]:
        """Yield server-sent events for one tab, whose page was made at a sequence number."""
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
        self._task = self._task or asyncio.create_task(self._watch())

    def _leave(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._tabs.discard(queue)
        if not self._tabs:
            self._end = asyncio.get_running_loop().call_later(_LINGER, self._stop)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._end = None

    async def _watch(self) -> None:
        """Watch until it is canceled; begin anew when a run or sweep has begun or ended."""
        from watchfiles import awatch

        while True:
            folders = await asyncio.to_thread(_watched, self._workspace)
            ticks = 0
            async for found in awatch(
                *folders, recursive=False, debounce=_DEBOUNCE, step=50, yield_on_timeout=True, rust_timeout=_TICK
            ):
                if (
                    ticks == 0
                ):  # something may have changed after the folders were looked up and before their watch began
                    self._tell(None)
                elif found and (change := _name(self._workspace, (Path(path) for _, path in found))):
                    self._tell(change)
                ticks += 1
                if found or ticks % _LOOK == 1:
                    begun = time.monotonic()
                    if await asyncio.to_thread(_watched, self._workspace) != folders:
                        break
                    # On a busy machine, runs come first: what changes meanwhile is told together.
                    await asyncio.sleep(min(_LONGEST_PAUSE, _SHARE * (time.monotonic() - begun)))

    def close(self) -> None:
        """End the watch and the stream of every tab."""
        if self._end is not None:
            self._end.cancel()
        self._stop()
        for queue in self._tabs:
            queue.put_nowait(None)

    def _tell(self, change: Change | None) -> None:
        """Send a change to every tab; None says that anything may have changed."""
        self.sequence += 1
        for queue in self._tabs:
            queue.put_nowait(_event(change))


def _event(change: Change | None) -> bytes:
    return b"event: change\ndata: " + json.dumps(change).encode() + b"\n\n"


def _watched(workspace: Workspace) -> set[Path]:
    """Return the folders to watch."""
    layout = workspace.layout
    tops = [layout.root, layout.runs, layout.sweeps, layout.models, layout.endpoints, layout.data]
    folders = {one for one in tops if one.is_dir()}
    for top in (layout.runs, layout.models, layout.endpoints):
        folders |= {one for one in top.iterdir() if one.is_dir()} if top.is_dir() else set()
    folders |= _latest(layout.data)
    going = [run.folder for run in workspace.active_runs()]
    folders |= {one for run in going for one in (run.root, run.logs)}
    folders |= {layout.sweeps / one.id for one in workspace.sweeps(limit=_SWEEPS)}
    return {one for one in folders if one.is_dir()}


def _latest(folder: Path) -> set[Path]:
    """Return the folders in a folder that changed last: of 10,000 data assets, those that somebody works with."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as found:
        inside = [
            (one.stat(follow_symlinks=False).st_mtime, one.path) for one in found if one.is_dir(follow_symlinks=False)
        ]
    return {Path(path) for _, path in sorted(inside)[-_ASSETS:]}


def _name(workspace: Workspace, paths: Iterable[Path]) -> Change:
    """Return what some files belong to."""
    layout, found = workspace.layout, dict[str, set[str]]()
    depth = {layout.runs: 2, layout.sweeps: 1, layout.models: 1, layout.endpoints: 1, layout.data: 1}
    for path in paths:
        for top, at in depth.items():
            if top in path.parents and not path.name.startswith(
                layout.hashes.name
            ):  # a cache of each run that reads data
                parts = path.relative_to(top).parts
                name = parts[min(at, len(parts)) - 1]
                # Files beside the folders, such as the list of edited runs, say that something changed, not what.
                found.setdefault(top.name, set()).update([] if name.startswith(".") else [name])
    return {kind: sorted(ids)[:_LISTED] for kind, ids in found.items()}
