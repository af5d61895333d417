"""What is found by listing names is what is found by looking at every record."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import NotFoundError, UserError
from runner.layout import Layout, RunLayout
from runner.records import RunRecord
from runner.store.runs import FileRunStore

SECONDS = st.integers(0, 3)
KINDS = st.sampled_from(["run", "run", "run", "no record", "hidden", "damaged"])
FOLDERS = st.lists(st.tuples(st.sampled_from(["e", "f-g"]), SECONDS, KINDS), max_size=70)
TEXTS = st.sampled_from(["latest", "", "e-", "f-g", "00000003", "-1200", "nothing", "../e", ".", "20260701-120001"])


def write(layout: Layout, folders: Any) -> list[RunRecord | None]:
    """Write folders, and return the records of those that are runs, None if damaged, by time."""
    records: dict[tuple[str, str], RunRecord | None] = {}
    for number, (experiment, second, kind) in enumerate(folders):
        name = f"{experiment}-20260701-12000{second}-{number:08x}"
        created = f"2026-07-01T12:00:0{second}.{(number * 7919) % 1000:06d}Z"
        run = RunLayout(layout.runs / experiment / (f".{name}" if kind == "hidden" else name))
        run.root.mkdir(parents=True)
        if kind == "no record":
            continue
        record = RunRecord(id=name, experiment=experiment, status="running", created=created)
        if kind == "damaged":
            run.record.write_text("{")
        else:
            FileRunStore(layout).create(record) if kind == "run" else run.record.write_text("{}")
        if kind != "hidden":
            records[name[-24:], name] = record if kind == "run" else None
    return [records[key] for key in sorted(records)]


def plainly(runs: list[RunRecord | None], ids: list[str], text: str) -> Any:
    """Return the run that a text means, by looking at all of them, or the number of those that it may mean."""
    if text == "latest":
        recent = [run for run in runs[-50:] if run is not None]
        return max(recent, key=lambda run: (run.created, run.id)) if recent else 0
    fitting = [at for at, run_id in enumerate(ids) if text and text in run_id]
    return runs[fitting[0]] or 0 if len(fitting) == 1 else len(fitting)


@settings(deadline=None, max_examples=60)
@given(FOLDERS, TEXTS)
def test_finding_equals_looking_at_all(tmp_path_factory: pytest.TempPathFactory, folders: Any, text: str) -> None:
    layout = Layout(tmp_path_factory.mktemp("found") / "w")
    layout.create()
    runs, store = write(layout, folders), FileRunStore(layout)
    expected = plainly(runs, store.ids(), text)
    assert store.matching(text) == [run_id for run_id in store.ids() if text in run_id]
    if isinstance(expected, RunRecord):
        assert store.find(text) == expected == store.find(expected.id)
        return
    with pytest.raises(UserError) as error:
        store.find(text)
    if expected:
        assert f"matches {expected} runs" in str(error.value)
    elif not store.ids():
        assert isinstance(error.value, NotFoundError) and "no runs" in str(error.value)


def test_an_unknown_id_is_not_compared_with_each_of_many(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "w")
    write(layout, [("e", 1, "run")] * 7)
    with pytest.raises(NotFoundError, match="See: vivero runs"):
        FileRunStore(layout).read("e-20260701-120009-00000000")
