"""The small charts of a table's columns."""

from __future__ import annotations

import pytest

from runner.api import Workspace
from runner.studio.pages.asset.columns import columns_of
from runner.studio.paging import Paging


def test_dates_and_times_are_in_bins(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("dates")
    rows = "".join(f"2024-01-{day:02},2024-01-01 {day:02}:30:00Z\n" for day in (1, 2, 2, 4))
    (folder / "x.csv").write_text(f"day,hour\n{rows},\n")
    version = Workspace(folder / "w", create=True).data.add("x", folder / "x.csv")
    day, hour = columns_of(version, Paging(2))
    assert day.label == (
        "1 missing; 2024-01-01 to 2024-01-02: 1; 2024-01-02 to 2024-01-03: 2; 2024-01-04 to 2024-01-05: 1"
    )
    assert [bar.kind for bar in day.bars] == ["missing", *["values"] * 4]
    assert hour.label.startswith("1 missing; 2024-01-01T01:") and hour.label.count("Z to ") == 3


def test_a_record_with_more_bins_than_there_is_room_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("many")
    (folder / "x.csv").write_text("day\n2024-01-01\n2024-01-05\n")
    version = Workspace(folder / "w", create=True).data.add("x", folder / "x.csv")
    (column,) = version.table.columns if version.table is not None else ()
    timeline = column.timeline
    assert timeline is not None
    object.__setattr__(timeline, "edges", tuple(f"e{at}" for at in range(102)))
    object.__setattr__(timeline, "counts", (1,) * 101)
    (shown,) = columns_of(version, Paging(2))
    assert len(shown.bars) == 51 and shown.bars[0].label == "e0 to e2: 2" and shown.bars[-1].label == "e100 to e101: 1"
