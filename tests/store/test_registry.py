"""The registry of files: the contract, many processes, kills and a full disk."""

import dataclasses
import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.records import Inspection
from runner.store.registry import FileRegistry
from tests.contracts.registry_contract import RECORD, RegistryContract

REGISTER = """
import sys
from pathlib import Path
from runner.layout import Layout
from runner.records import Inspection
from runner.records import ModelRecord
from runner.store.registry import FileRegistry
registry = FileRegistry(Layout(Path(sys.argv[1])))
record = ModelRecord(name="iris", version=0, created="", artefact="", sha256="", bytes=0)
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    registry.register(Path(sys.argv[2]), record)
"""


class TestFileRegistry(RegistryContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Any:
        return FileRegistry(Layout(tmp_path / "workspace"))

    @pytest.fixture
    def registry_again(self, tmp_path: Path) -> Any:
        return FileRegistry(Layout(tmp_path / "workspace"))


def start(workspace: Any, model: Any, times: Any) -> Any:
    words = [sys.executable, "-c", REGISTER, str(workspace), str(model), str(times)]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


@pytest.fixture
def model(tmp_path: Path) -> Any:
    path = tmp_path / "model.joblib"
    path.write_bytes(os.urandom(2_000_000))
    return path


def test_thirty_two_processes_make_thirty_two_versions(tmp_path: Path, model: Any) -> None:
    processes = [start(tmp_path / "w", model, 1) for _ in range(32)]
    assert [process.wait() for process in processes] == [0] * 32
    assert FileRegistry(Layout(tmp_path / "w")).versions("iris") == list(range(1, 33))


def test_a_kill_at_any_moment_leaves_whole_versions_and_leftovers_are_swept(tmp_path: Path, model: Any) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    generator = random.Random(0)
    for _ in range(12):
        process = start(tmp_path / "w", model, 1000)
        process.stdout.readline()
        threading.Event().wait(generator.uniform(0, 0.15))  # the moment of the kill, not a wait for something
        process.kill()
        process.wait()
        versions = registry.versions("iris")
        assert versions == list(range(1, len(versions) + 1))
        assert all(registry.verify("iris", version) == [] for version in versions[-3:])
    for begun in (tmp_path / "w/models/iris").glob(".staging*.beginning"):  # killed before its lock had its name
        os.utime(begun, (0, 0))  # a young one could be of a process that is about to begin
    registry.register(model, RECORD)
    assert list((tmp_path / "w/models/iris").glob(".staging*")) == []


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, model: Any) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("a small tmpfs cannot be mounted")
        pytest.skip("a small tmpfs cannot be mounted: needs root")
    try:
        with pytest.raises(UserError, match="No space left"):
            FileRegistry(Layout(disk)).register(model, RECORD)
        assert list((disk / "models").iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_torn_alias_line_is_left_out_and_mended(tmp_path: Path, model: Any) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    registry.register(model, RECORD)
    registry.set_alias("iris", "champion", 1)
    path = tmp_path / "w/models/iris/aliases.jsonl"
    with path.open("a") as file:
        file.write('{"time": "20')
    assert registry.aliases("iris") == {"champion": 1}
    registry.set_alias("iris", "second", 1)
    assert registry.aliases("iris") == {"champion": 1, "second": 1}


@pytest.mark.parametrize(
    ("at", "version"),
    [
        ("2026-03-01", 1),
        ("2026-03-02", 2),  # a day has its last microsecond, too
        ("2026-03-01T09:00", 1),
        ("2026-03-01T08:59:59", None),
        ("2026-03-01T11:30:00+02:00", 1),
        ("2026-03-01T10:30:00+02:00", None),
        ("2026-03-01T09:00:00Z", 1),
    ],
)
def test_an_alias_at_a_time_is_what_it_was_then(tmp_path: Path, model: Any, at: str, version: int | None) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    registry.register(model, RECORD)
    lines = [("2026-03-01T09:00:00.000000Z", 1), ("2026-03-02T23:59:59.999999Z", 2), ("2026-03-03T00:00:00.000000Z", 3)]
    (tmp_path / "w/models/iris/aliases.jsonl").write_text(
        "".join(json.dumps({"time": time, "alias": "champion", "version": number}) + "\n" for time, number in lines)
    )
    assert registry.aliases("iris", at) == ({} if version is None else {"champion": version})


@pytest.mark.parametrize("at", ["yesterday", "2026", "2026-02-30", "champion"])
def test_what_is_no_date_is_refused_with_an_example(tmp_path: Path, model: Any, at: str) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    registry.register(model, RECORD)
    registry.set_alias("iris", "champion", 1)
    with pytest.raises(UserError, match=r"is not a date.*2026-03-01"):
        registry.aliases("iris", at)


def test_a_version_of_a_later_format_is_a_clear_error(tmp_path: Path, model: Any) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    registry.register(model, RECORD)
    path = tmp_path / "w/models/iris/1/model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 7}))
    with pytest.raises(UserError, match="format 7"):
        registry.resolve("iris")


def test_the_diagram_is_a_file_and_not_in_the_record(tmp_path: Path, model: Any) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    inspection = Inspection(path="model.joblib", sha256="", diagram="<p>drawn \ud800</p>")
    made = registry.register(model, dataclasses.replace(RECORD, inspection=inspection))
    assert made.inspection is not None and made.inspection.diagram is None
    assert registry.read(made.name, made.version).inspection == made.inspection
    assert registry.diagram(made.name, made.version) == "<p>drawn ?</p>"
    assert registry.verify(made.name, made.version) == []


def test_a_card_is_kept_beside_the_model(tmp_path: Path, model: Any) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    assert registry.card("iris", registry.register(model, RECORD).version) is None
    made = registry.register(model, RECORD, card="# Iris\nü \ud800")
    assert registry.card(made.name, made.version) == "# Iris\nü ?"
    assert registry.verify(made.name, made.version) == []
    path = tmp_path / "w/models/iris" / str(made.version) / "model-card.md"
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert registry.card(made.name, made.version) is None


def test_a_diagram_that_is_a_link_or_a_folder_is_not_shown(tmp_path: Path, model: Any) -> None:
    layout = Layout(tmp_path / "w")
    registry = FileRegistry(layout)
    made = registry.register(model, RECORD)
    assert registry.diagram(made.name, made.version) is None
    path = layout.model(made.name) / str(made.version) / "diagram.html"
    path.symlink_to("/etc/passwd")
    assert registry.diagram(made.name, made.version) is None
    path.unlink()
    path.mkdir()
    assert registry.diagram(made.name, made.version) is None


def test_a_model_that_is_refused_leaves_no_folder(tmp_path: Path, model: Path) -> None:
    registry = FileRegistry(Layout(tmp_path / "w"))
    with pytest.raises(UserError, match="changed after it was inspected"):
        registry.register(model, dataclasses.replace(RECORD, sha256="0" * 64))
    assert not registry.folder(RECORD.name).exists()
