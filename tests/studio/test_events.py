"""The feed of changes, without a browser."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from runner.studio import events

NO_WORKSPACE = cast(Any, None)


def test_a_watch_begins_again_after_a_folder_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lookups = iter([{tmp_path / "removed"}])
    monkeypatch.setattr(events, "_watched", lambda _: next(lookups, {tmp_path}))
    monkeypatch.setattr(events, "_LONGEST_PAUSE", 0.01)

    async def next_change() -> bytes:
        feed = events.Feed(NO_WORKSPACE)
        stream = feed.changes(0)
        assert b"ready" in await anext(stream)
        try:
            return await asyncio.wait_for(anext(stream), 10)
        finally:
            feed.close()

    assert asyncio.run(next_change()) == b"event: change\ndata: null\n\n"


@pytest.mark.parametrize(("count", "is_listed"), [(200, True), (201, False)])
def test_many_changes_are_one_of_everything(count: int, is_listed: bool) -> None:
    feed, queue = events.Feed(NO_WORKSPACE), asyncio.Queue[bytes | None]()
    feed._tabs.add(queue)
    feed._tell({"runs": [f"run-{number}" for number in range(count)]})
    event = queue.get_nowait()
    assert event is not None and (b"run-199" in event) == is_listed and (b"null" in event) != is_listed
