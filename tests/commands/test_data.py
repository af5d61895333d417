"""``vivero data``."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.store import EndpointStore
from runner.io.files import write_json
from runner.records import Deployment, EndpointRecord, EnvironmentRecord, InputRecord, PrepareRecord, SnapshotRecord
from tests.support.history import History


@pytest.fixture
def table(history: History) -> Path:
    path = history.folder / "iris.csv"
    path.write_text("length,kind\n5.1,setosa\n4.9,\n")
    return path


@pytest.fixture
def two(history: History, table: Path) -> Path:
    """Two versions."""
    assert history.vivero("data", "add", "iris", "iris.csv", "--description", "Fisher 1936").returncode == 0
    table.write_text(table.read_text() + "5.0,virginica\n")
    assert history.vivero("data", "add", "iris", "iris.csv", "--tag", "team=flowers").returncode == 0
    return table


def reading(history: History, version: str, status: str = "completed", **fields: Any) -> Any:
    """Record a run that read a version."""
    input_record = InputRecord(path="iris", mode="mount", hash="0" * 64, files=1, bytes=1, location="x", asset=version)
    environment = EnvironmentRecord(
        kind="current", key="k", prefix="/usr", python="p", python_version="3", platform="l"
    )
    snapshot = SnapshotRecord(hash="ab" * 32, source="src", files=1, bytes=1)
    prepare = PrepareRecord(snapshot=snapshot, environment=environment, inputs={"train": input_record})
    return history.run(prepare=prepare, status=status, **fields)


def test_added_again_it_is_said(history: History, table: Path) -> None:
    first = history.vivero("data", "add", "iris", "iris.csv")
    assert first.stdout == "Added iris:1 (table, 1 file, 28 B, 2 rows)\n" and first.stderr == ""
    assert "iris:1 already has this content" in history.vivero("data", "add", "iris", "iris.csv").stdout
    assert history.json("data", "add", "iris", "iris.csv")["new"] is False


def test_the_bare_word_lists(history: History, two: Path) -> None:
    history.vivero("data", "add", "all", str(two))
    first, second = history.json("data")
    assert (first["name"], first["version"], first["rows"]) == ("all", 1, 3)
    assert (second["name"], second["version"], second["versions"], second["type"]) == ("iris", 2, 2, "table")
    header, *rows = history.vivero("data").stdout.splitlines()
    assert header.split()[:3] == ["DATA", "LATEST", "VERSIONS"] and [row.split()[0] for row in rows] == ["all", "iris"]


def test_nothing_added(history: History) -> None:
    assert history.json("data") == []
    assert "No data assets yet" in history.vivero("data").stderr


def test_show_and_preview(history: History, two: Path) -> None:
    history.vivero("data", "alias", "iris", "golden", "1")
    shown = history.json("data", "show", "iris@golden")
    assert (shown["version"], shown["aliases"], shown["versions"]) == (1, ["golden"], [1, 2])
    text = history.vivero("data", "show", "iris:1").stdout
    for word in ("iris:1", "Fisher 1936", "golden", "length", "number", "4.9", "5.1", "setosa", shown["hash"]):
        assert word in text
    assert history.json("data", "preview", "iris", "-n", "2")["rows"] == [["5.1", "setosa"], ["4.9", ""]]
    assert "virginica" in history.vivero("data", "preview", "iris").stdout


def test_the_distribution_of_numbers_and_dates_is_shown(history: History, table: Path) -> None:
    table.write_text("n,day,same,kind\n" + "".join(f"{at},2024-01-{at:02},1,a\n" for at in (1, 2, 2, 2, 2, 4)))
    history.vivero("data", "add", "iris", "iris.csv")
    lines = history.vivero("data", "show", "iris", variables={"COLUMNS": "200"}).stdout.splitlines()
    shown = {line.split()[0]: line for line in lines if line}
    assert "Table: 6 rows, 4 columns" in lines
    assert "▂█ ▂" in shown["n"] and "▂█ ▂" in shown["day"] and "█" not in shown["same"] + shown["kind"]
    timeline = history.json("data", "show", "iris")["table"]["columns"][1]["timeline"]
    edges = [f"2024-01-0{at}" for at in range(1, 6)]
    assert timeline == {"edges": edges, "counts": [1, 4, 0, 1]}


def test_what_came_of_it(history: History, two: Path) -> None:
    run = reading(history, "iris:2")
    reading(history, "iris:1")
    history.model("sorter", run=run.id)
    store = EndpointStore(history.layout)
    deployment = Deployment(reference="sorter", name="sorter", version=1)
    settings = EndpointSettings().__dict__
    store.write(
        EndpointRecord(
            name="front", created="2026-07-01T12:00:00.000000Z", deployments=(deployment,), settings=settings
        )
    )
    lineage = history.json("data", "show", "iris:2")["lineage"]
    assert (lineage["runs"], lineage["models"], lineage["endpoints"]) == ([run.id], ["sorter:1"], ["front"])
    text = history.vivero("data", "show", "iris:2").stdout
    assert "sorter:1" in text and "front" in text


def test_what_something_names_needs_force(history: History, two: Path) -> None:
    run = reading(history, "iris:2")
    history.model("sorter", run=run.id)
    said = history.error("data", "delete", "iris:2", "--yes")
    assert run.id in said and "sorter:1" in said and "--force" in said
    assert run.id in history.error("data", "delete", "iris", "--yes")
    assert "--yes" in history.error("data", "delete", "iris:1")
    assert history.json("data", "delete", "iris:1", "--yes")["deleted"] is True
    done = history.vivero("data", "delete", "iris:2", "--yes", "--force")
    assert done.returncode == 0 and run.id in done.stderr
    assert history.json("data") == [] and not [entry for entry in history.layout.blobs.iterdir() if entry.is_dir()]


def test_what_a_run_is_using_stays(history: History, two: Path) -> None:
    run = reading(history, "iris:2", status="running", ended=None, finalize=None)
    shown = history.json("data", "show", "iris:2")
    link = history.folder_of(run).inputs / "train" / "iris.csv"
    link.parent.mkdir(parents=True)
    link.symlink_to(shown["location"])
    said = history.error("data", "delete", "iris:2", "--yes", "--force")
    assert f"run {run.id} is using it" in said and link.exists()


def test_content_that_a_run_copied_outlives_the_asset(history: History, two: Path) -> None:
    shown = history.json("data", "show", "iris:2")
    input_record = InputRecord(path="iris", mode="copy", hash=shown["hash"], files=1, bytes=1, location="x")
    record = reading(history, "other:1")
    history.run(prepare=dataclasses.replace(record.prepare, inputs={"a": input_record}))
    history.json("data", "delete", "iris", "--yes")
    assert Path(shown["location"]).exists()


@pytest.mark.parametrize(
    ("word", "example"),
    [
        ("iris", "vivero data add iris PATH"),
        ("data/wine.v2.csv", "vivero data add wine data/wine.v2.csv"),
        ("my rows.csv", "vivero data add my-rows 'my rows.csv'"),
        ("/", "vivero data add NAME /"),
    ],
)
def test_a_name_or_a_path_alone_gets_an_example(word: str, example: str, history: History) -> None:
    assert history.error("data", "add", word).endswith(f"For example: {example}\n")


def test_an_alias_moves_and_is_removed(history: History, two: Path) -> None:
    assert history.json("data", "alias", "iris", "golden", "1")["version"] == 1
    assert "data alias iris golden" in history.error("data", "delete", "iris:1", "--yes")
    assert history.vivero("data", "alias", "iris", "golden", "--delete").returncode == 0
    assert [change["version"] for change in history.json("data", "alias", "iris")] == [1, None]


@pytest.mark.parametrize(
    "words",
    [
        ("iris", "golden", "7"), ("iris", "gol/den", "1"), ("iris", "latest", "1"), ("iris", "golden", "--delete"),
        ("iris", "--remove"), ("iris", "golden", "1", "--delete"), ("irs",),
    ],
)  # fmt: skip
def test_alias_mistakes_change_nothing(words: Any, history: History, two: Path) -> None:
    history.error("data", "alias", *words)
    assert history.json("data", "alias", "iris") == []


def test_tags_and_description(history: History, two: Path) -> None:
    tagged = history.json("data", "tag", "iris:2", "a=b=c", "team-", "--description", "three rows")
    assert (tagged["tags"], tagged["description"]) == ({"a": "b=c"}, "three rows")
    assert history.json("data", "tag", "iris:2", "--description", "")["description"] is None


@pytest.mark.parametrize("words", [("iris", "a=b"), ("iris:1", "word"), ("iris:1", "=b"), ("iris:1",)])
def test_tag_mistakes(words: Any, history: History, two: Path) -> None:
    history.error("data", "tag", *words)


def test_download(history: History, two: Path) -> None:
    assert history.json("data", "download", "iris:2", "there")["files"] == 1
    assert (history.folder / "there" / "iris.csv").read_bytes() == two.read_bytes()
    assert "not empty" in history.error("data", "download", "iris:2", "there")
    location = Path(history.json("data", "show", "iris:1")["location"])
    location.chmod(0o644)
    location.write_text("changed")
    assert "SHA-256" in history.error("data", "download", "iris:1", "elsewhere")
    assert not (history.folder / "elsewhere").exists()


def test_verify(history: History, two: Path) -> None:
    assert "2 versions checked, none damaged" in history.vivero("data", "verify").stdout
    location = Path(history.json("data", "show", "iris:1")["location"])
    location.chmod(0o644)
    location.write_text("changed")
    assert history.vivero("data", "verify", "iris:2").returncode == 0
    done = history.vivero("data", "verify", "--json")
    assert done.returncode == 2 and [result["ok"] for result in json.loads(done.stdout)] == [False, True]


def test_a_version_with_a_damaged_record_is_reported_and_removed(history: History, two: Path) -> None:
    (history.layout.asset("iris") / "2" / "data.json").write_text("{")
    for reference in ("iris:2", "iris:latest", "iris"):
        done = history.vivero("data", "verify", reference)
        assert done.returncode == 2 and "iris:2" in done.stdout, done.stdout + done.stderr
    assert history.json("data", "delete", "iris:2", "--yes") == {"name": "iris", "version": 2, "deleted": True}
    assert "1 version checked, none damaged" in history.vivero("data", "verify").stdout
    assert "has no version" in history.error("data", "verify", f"iris:{'9' * 5000}")


def test_diff(history: History, two: Path) -> None:
    difference = history.json("data", "diff", "iris:1", "iris:2")
    assert (difference["files_changed"], difference["rows"]) == (["iris.csv"], [2, 3])
    assert (difference["rows_added"], difference["rows_removed"]) == (1, 0)
    two.write_text("length,kind,new\n5.1,setosa,1\nlong,setosa,2\n")
    history.vivero("data", "add", "iris", "iris.csv")
    difference = history.json("data", "diff", "iris:2", "iris:3")
    assert (difference["columns_added"], difference["columns_changed"]) == (["new"], {"length": ["number", "text"]})
    assert (difference["rows_added"], difference["rows_removed"]) == (1, 2)
    assert "same content" in history.vivero("data", "diff", "iris:1", "iris:1").stdout


def test_a_reference_that_changed_is_named(history: History, table: Path) -> None:
    table.write_text("a,b\n" + "1,2\n" * 40)
    history.vivero("data", "add", "iris", "iris.csv", "--reference")
    table.write_text("a,b\n" + "1,2\n" * 50)
    assert "vivero data add iris" in history.error("data", "preview", "iris", "-n", "30")


def test_a_record_from_the_future_does_not_hide_the_others(history: History, two: Path) -> None:
    history.vivero("data", "add", "other", "iris.csv")
    path = history.layout.asset("iris") / "2" / "data.json"
    write_json(path, {**json.loads(path.read_text()), "format": 99})
    first, second = history.json("data")
    assert "format 99" in first["error"] and second["error"] is None
    assert "format 99" in history.error("data", "show", "iris")
    assert history.vivero("data", "verify").returncode == 2


def test_a_pattern_makes_one_table(history: History) -> None:
    for number in range(3):
        (history.folder / f"part{number}.csv").write_text(f"x\n{number}\n")
    assert history.json("data", "add", "parts", "part*.csv")["files"] == 3
    assert "Nothing matches" in history.error("data", "add", "parts", "none*.csv")


@pytest.mark.parametrize("word", ["nothere.csv", "/dev/null", "/dev/zero", "."])
def test_sources_that_cannot_be(word: str, history: History) -> None:
    history.error("data", "add", "iris", word)
    assert history.json("data") == []
