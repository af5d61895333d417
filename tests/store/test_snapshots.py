import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.compute.cluster.job_spec import Tree
from runner.errors import UserError
from runner.io.hashes import hash_tree
from runner.layout import Layout
from runner.store.snapshots import FileSnapshotStore
from runner.worker import snapshot
from tests.contracts.snapshot_contract import SnapshotContract
from tests.support.attacks.tampering import TAMPERING
from tests.support.command_line import CommandLine


class TestFileSnapshotStore(SnapshotContract):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Any:
        return lambda **limits: FileSnapshotStore(Layout(tmp_path / "workspace"), **limits)

    def test_the_workspace_in_the_source_is_left_out(self, source: Any, said: Any) -> None:
        store = FileSnapshotStore(Layout(source / ".vivero"))
        first = store.save(source, said.append)
        assert store.save(source, said.append) == first
        assert first.files == 2


class TestChangedSnapshots:
    """What is kept was changed by somebody: it is refused, or put right from the source."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        source = tmp_path / "source"
        (source / "pkg").mkdir(parents=True)
        (source / "train.py").write_text("print(1)")
        (source / "pkg" / "empty.py").touch()
        (source / "pkg" / "large.bin").write_bytes(os.urandom(2_500_000))
        return source

    @pytest.fixture
    def layout(self, tmp_path: Path) -> Layout:
        return Layout(tmp_path / "workspace")

    @pytest.mark.parametrize("name", ["train.py", "pkg/empty.py", "pkg/large.bin"])
    @pytest.mark.parametrize("how", TAMPERING)
    def test_a_file(self, how: str, name: str, source: Path, layout: Layout, tmp_path: Path) -> None:
        if name == "pkg/empty.py" and how in ("empty", "another byte, times as before"):
            name = "train.py"
        record = FileSnapshotStore(layout).save(source, print)
        TAMPERING[how](layout.snapshot(record.hash) / "files" / name)
        said: list[str] = []
        for number in range(2):
            with pytest.raises(UserError, match=rf"^Snapshot {record.hash[:12]} cannot be used: {name} has changed"):
                FileSnapshotStore(layout).check_out(record.hash, tmp_path / f"old{number}")
            assert not (tmp_path / f"old{number}" / name).exists()
        store = FileSnapshotStore(layout)
        assert store.save(source, said.append) == record
        store.check_out(record.hash, tmp_path / "new")
        assert hash_tree(tmp_path / "new") == hash_tree(source)
        assert said == [f"Snapshot {record.hash[:12]} had changed ({name}) and was repaired from the source"]
        FileSnapshotStore(layout).check_out(record.hash, tmp_path / "again")
        assert [path.name for path in layout.snapshots.iterdir()] == [record.hash]

    @pytest.mark.parametrize(
        "change",
        [
            lambda files: files["train.py"].update(sha256=hashlib.sha256(b"evil").hexdigest()),
            lambda files: files["train.py"].update(executable=True),
            lambda files: files.pop("train.py"),
            lambda files: files.update({"../../evil.py": files["train.py"]}),
            lambda files: files["train.py"].clear(),
            lambda files: files.update({"train.py": None}),
        ],
    )
    def test_the_manifest(self, change: Any, source: Path, layout: Layout, tmp_path: Path) -> None:
        record = FileSnapshotStore(layout).save(source, print)
        path = layout.snapshot(record.hash) / "manifest.json"
        manifest = json.loads(path.read_bytes())
        change(manifest["files"])
        path.write_text(json.dumps(manifest))
        (layout.snapshot(record.hash) / "files" / "train.py").write_text("evil")
        with pytest.raises(UserError, match=r"manifest\.json has changed"):
            FileSnapshotStore(layout).check_out(record.hash, tmp_path / "old")
        assert not list((tmp_path / "old").iterdir())

    def test_one_that_leads_out_of_its_folder(self, source: Path, layout: Layout, tmp_path: Path) -> None:
        FileSnapshotStore(layout).save(source, print)
        facts = {"sha256": hashlib.sha256(b"evil").hexdigest(), "size": 4, "executable": False}
        manifest = {"../evil.py": facts}
        made = layout.snapshot(snapshot.key_of(manifest))
        (made / "files").mkdir(parents=True)
        (made / "evil.py").write_text("evil")
        (made / "manifest.json").write_text(json.dumps({"files": manifest}))
        with pytest.raises(UserError, match=r"evil\.py"):
            FileSnapshotStore(layout).check_out(made.name, tmp_path / "out")
        assert not (tmp_path / "evil.py").exists()

    @pytest.mark.parametrize("how", TAMPERING)
    def test_it_is_not_sent_to_a_node(self, how: str, source: Path, layout: Layout) -> None:
        record = FileSnapshotStore(layout).save(source, print)
        tree = Tree.stored(layout.snapshot(record.hash))
        assert set(tree.content()) == {"files/pkg/empty.py", "files/pkg/large.bin", "files/train.py", "manifest.json"}
        TAMPERING[how](layout.snapshot(record.hash) / "files" / "train.py")
        with pytest.raises(UserError, match=r"train\.py has changed since it was stored"):
            tree.content()


def test_a_changed_script_runs_neither_afresh_nor_again(command_line: CommandLine) -> None:
    command_line.script("print('mine')")
    assert command_line.job().returncode == 0
    (kept,) = command_line.workspace.glob("snapshots/*/files/train.py")
    with kept.open("a") as file:
        file.write("\nopen('../pwned', 'w')\n")
    done = command_line.vivero("rerun", "latest")
    assert done.returncode in (1, 2) and "train.py has changed since it was stored" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and not list(command_line.workspace.glob("**/pwned"))
    done = command_line.job()
    assert done.returncode == 0 and "was repaired from the source" in done.stdout, done.stderr
    assert kept.read_text() == "print('mine')" and not list(command_line.workspace.glob("**/pwned"))
    assert command_line.vivero("rerun", "latest").returncode == 0
