"""What is removed is what was named: never what a link leads to, nor what a record says that it is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.endpoints.store import EndpointStore
from runner.environments.build import staging_path
from runner.errors import UserError
from runner.io.clock import now
from runner.io.hashes import hash_tree
from runner.io.removal import remove
from runner.io.staging import remove_abandoned
from runner.layout import Layout
from runner.records import EndpointRecord
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore
from runner.sweeps.store import SweepStore
from tests.support.attacks.hostile import STRANGER
from tests.support.command_line import CommandLine
from tests.support.components import missing
from tests.support.history import History
from tests.support.sweeps import sweep as make_sweep

MODEL = """
import joblib, os
from sklearn.linear_model import LogisticRegression
joblib.dump(LogisticRegression().fit([[0], [1]], [0, 1]), "outputs/model.joblib")
"""
KINDS = ["run", "model", "all of a model", "endpoint"]


@pytest.fixture
def history(command_line: CommandLine) -> History:
    return History(command_line)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a folder of somebody's who does not want it removed, whatever it looks like."""
    folder = tmp_path / "foreign"
    for below in (folder, folder / "1", folder / "deep"):
        below.mkdir()
        (below / "kept.txt").write_text("kept")
        (below / "kept.txt").chmod(0o640)
    folder.chmod(0o750)
    return folder


def made(kind: str, history: History, name: str = "a") -> tuple[list[str], Path, Path]:
    """Make something, and return the command that removes it, its folder, and the record in it."""
    if kind == "run":
        record = history.run(name)
        root = history.layout.run(name, record.id).root
        return ["delete", record.id], root, root / "run.json"
    if kind == "endpoint":
        record = EndpointRecord(name=name, created=now(), deployments=(), settings={}, python="python")
        EndpointStore(history.layout).write(record)
        root = history.layout.endpoint(name).root
        return ["endpoints", "delete", name], root, root / "endpoint.json"
    history.model(name)
    root = history.layout.model(name) / "1"
    return ["models", "delete", f"{name}:1" if kind == "model" else name], root, root / "model.json"


def move_away(workspace: Path, disk: Path) -> list[Path]:
    """Move the folders of a workspace elsewhere, as its owner does when a disk is full; return the links."""
    disk.mkdir()
    moved = [path for path in workspace.iterdir() if path.is_dir()]
    for path in moved:
        path.rename(disk / path.name)
        path.symlink_to(disk / path.name)
    return moved


def typed(history: History, words: list[str]) -> Any:
    """Remove as the commands do; endpoints are removed by their store."""
    if words[0] != "endpoints":
        return history.vivero(*words, "--yes")
    try:
        EndpointStore(history.layout).delete(words[2])
    except UserError as error:
        return error
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_goes_itself(kind: str, history: History, foreign: Path) -> None:
    words, folder, record = made(kind, history)
    (foreign / record.name).write_bytes(record.read_bytes())
    before = hash_tree(foreign)
    folder.rename(folder.with_name("aside"))
    folder.symlink_to(foreign)
    typed(history, words)
    assert not folder.is_symlink() and not folder.exists()
    assert hash_tree(foreign) == before and foreign.stat().st_mode & 0o777 == 0o750
    assert (foreign / "kept.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("kind", ["run", "model", "all of a model"])
def test_nothing_behind_a_link_goes(kind: str, history: History, foreign: Path) -> None:
    words, folder, _ = made(kind, history)
    above = folder.parent
    above.rename(foreign / "moved")
    above.symlink_to(foreign / "moved")
    before = hash_tree(foreign)
    done = typed(history, words)
    assert done.returncode == 1 and f"{above} is a link, so what it points to was not removed" in done.stderr
    assert "Traceback" not in done.stderr and above.is_symlink() and hash_tree(foreign) == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_a_folder_that_was_moved_goes(kind: str, history: History, tmp_path: Path) -> None:
    words, folder, _ = made(kind, history)
    other = made(kind, history, "other")[1]
    moved = move_away(history.layout.root, tmp_path / "disk")
    assert not getattr(typed(history, words), "returncode", 0)
    assert not folder.exists() and other.exists()
    assert all(link.is_symlink() and link.is_dir() for link in moved)
    assert not list((tmp_path / "disk").glob("**/.removed-*"))


def test_environments_that_were_moved_are_pruned(history: History, tmp_path: Path) -> None:
    folder = history.layout.environment("a" * 32)
    folder.mkdir(parents=True)
    (folder.parent / ".removed-0123").mkdir()
    (folder.parent / ".building-1").mkdir()
    (folder.parent / ".building-1.lock").touch()
    move_away(history.layout.root, tmp_path / "disk")
    done = history.vivero("environments", "prune")
    assert done.returncode == 0 and "1 of 1" in done.stdout, done.stderr
    assert not folder.exists() and not (folder.parent / ".removed-0123").exists()
    with staging_path(history.layout.environments):
        assert not (folder.parent / ".building-1").exists()


@pytest.mark.parametrize("whose", ["link", "folder"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_goes_where_somebody_else_has_led_a_folder(
    kind: str, whose: str, history: History, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        missing("only root can give a link away")
    words, folder, _ = made(kind, history)
    for link in move_away(history.layout.root, tmp_path / "disk"):
        os.chown(link if whose == "link" else link.resolve(), STRANGER, STRANGER, follow_symlinks=False)
    done = typed(history, words)
    said = done.stderr if kind != "endpoint" else str(done)
    assert "is a link, so what it points to was not removed" in said and "Traceback" not in said
    assert folder.exists()


@pytest.mark.slow("types each command that works in a workspace", seconds=60)
def test_a_workspace_whose_folders_were_moved_works(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script(MODEL)
    made = [command_line.job("model.name=iris", "model.path=outputs/model.joblib") for _ in range(2)]
    assert [process.returncode for process in made] == [0, 0], made[0].stderr
    move_away(command_line.workspace, tmp_path / "disk")
    (command_line.folder / "rows.csv").write_text("0\n1\n")
    for words in (
        ["rerun", "latest"], ["show", "latest"], ["models", "verify"], ["recover"],
        ["score", "iris", "--input", "rows.csv", "--output", "out.csv"],
        ["deploy", "iris:1", "--set", "port=0"], ["stop", "iris", "--delete", "--yes"],
        ["models", "delete", "iris:1", "--yes"], ["delete", "latest", "--yes"], ["environments", "prune"],
    ):  # fmt: skip
        done = command_line.vivero(*words)
        assert done.returncode == 0, (words, done.stderr)
    assert command_line.job("-m", "+job.arguments.n=1,2").returncode == 0
    assert (command_line.folder / "out.csv").exists()
    assert not list((tmp_path / "disk").glob("**/.removed-*"))


@pytest.mark.parametrize("kind", KINDS)
def test_links_in_it_are_not_followed(kind: str, history: History, foreign: Path) -> None:
    words, folder, _ = made(kind, history)
    (folder / "folder").symlink_to(foreign)
    (folder / "file").symlink_to(foreign / "kept.txt")
    (folder / "closed").mkdir()
    (folder / "closed" / "link").symlink_to(foreign)
    (folder / "closed").chmod(0o500)
    before = hash_tree(foreign)
    typed(history, words)
    assert not folder.exists() and hash_tree(foreign) == before and foreign.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("kind", KINDS)
def test_the_one_that_is_named_goes_whatever_its_record_says(kind: str, history: History) -> None:
    words, folder, record = made(kind, history, "a")
    other_words, other, other_record = made(kind, history, "b")
    record.write_bytes(other_record.read_bytes())
    typed(history, words)
    assert not folder.exists() and other_record.exists()
    typed(history, other_words)
    assert not other.exists()


def test_what_stores_read_is_named_by_its_folder(history: History) -> None:
    overwritten, source = history.run("a"), history.run("b")
    history.model("a")
    history.model("b")
    layout = history.layout
    layout.run("a", overwritten.id).record.write_bytes(layout.run("b", source.id).record.read_bytes())
    (layout.model("a") / "1" / "model.json").write_bytes((layout.model("b") / "1" / "model.json").read_bytes())
    record = FileRunStore(layout).read(overwritten.id)
    assert (record.id, record.experiment) == (overwritten.id, "a")
    assert sorted(row["id"] for row in json.loads(history.vivero("runs", "--json").stdout)) == sorted(
        [overwritten.id, source.id]
    )
    assert (FileRegistry(layout).read("a", 1).name, FileRegistry(layout).read("b", 1).name) == ("a", "b")
    sweeps = SweepStore(layout)
    first, second = make_sweep(number=1), make_sweep(number=2)
    sweeps.create(first)
    sweeps.create(second)
    layout.sweep(first.id).record.write_bytes(layout.sweep(second.id).record.read_bytes())
    assert sweeps.read(first.id).id == first.id and [record.id for record in sweeps.list()] == [second.id, first.id]


def test_a_removal_that_was_killed_is_ended_by_the_next(tmp_path: Path, foreign: Path) -> None:
    root = tmp_path / "workspace"
    for name in (".removed-0123abcd/deep", "two", "three"):
        (root / "runs" / name).mkdir(parents=True)
    (root / "runs" / ".removed-link").symlink_to(foreign)
    before = hash_tree(foreign)
    remove(root, root / "runs" / "two")
    assert [path.name for path in (root / "runs").iterdir()] == ["three"] and hash_tree(foreign) == before


def test_what_was_staged_behind_a_link_is_left(tmp_path: Path, foreign: Path) -> None:
    (foreign / ".staging-1").mkdir()
    (foreign / ".staging-1.lock").touch()
    (tmp_path / "link").symlink_to(foreign)
    remove_abandoned(tmp_path / "link", ".staging-")
    assert (foreign / ".staging-1").exists()
    remove_abandoned(foreign, ".staging-")
    assert not (foreign / ".staging-1").exists()


def test_a_script_that_links_to_its_source_does_not_lose_it(command_line: CommandLine) -> None:
    source = command_line.script("value = 1", "helper.py", "src/pkg").parent
    lines = [f"os.symlink({str(source)!r}, {name!r})" for name in ("pkg", "more")]
    command_line.script("\n".join(["import os, shutil", "shutil.rmtree('pkg')", *lines]))
    done = command_line.job()
    assert done.returncode == 0, done.stderr
    assert (source / "helper.py").read_text() == "value = 1"


def test_a_number_is_not_taken_again_when_a_version_was_a_link(history: History, foreign: Path) -> None:
    made("model", history)
    registry = FileRegistry(Layout(history.layout.root))
    history.model("a")
    version = history.layout.model("a") / "2"
    (foreign / "model.json").write_bytes((version / "model.json").read_bytes())
    version.rename(foreign.with_name("aside"))
    version.symlink_to(foreign)
    registry.delete("a", 2)
    assert registry.versions("a") == [1] and history.model("a").version == 3
