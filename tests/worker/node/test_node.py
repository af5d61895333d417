"""What the programs of a node do with its folder."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.worker import snapshot
from runner.worker.node import cleanup, run_folder
from runner.worker.node import run as node_run
from tests.support.attacks.tampering import TAMPERING
from tests.support.command_line import ROOT
from tests.support.components import missing
from tests.support.run_folders import make_order
from tests.support.waiting import wait_for

NO_INPUTS: Any = {"inputs": {}}
NAMES: dict[str, Any] = {"run_id": "RUN", "experiment": "e", "argv": []}


def test_what_a_script_puts_in_place_of_its_files_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    run = tmp_path / "runs" / "a"
    for folder in ("logs", "requests", "work"):
        (run / folder).mkdir(parents=True)
    (run / "logs" / "run.log").symlink_to(secret)
    (run / "requests" / "2.json").symlink_to(secret)
    os.mkfifo(run / "metrics.jsonl")
    os.mkfifo(run / "requests" / "1.json")
    (run / "properties.jsonl").write_text("x\n")
    messages: list[Any] = []
    task = SimpleNamespace(say=lambda content, **facts: messages.append((content, facts)), stopped=lambda: False)
    node_run.NodeRun(str(tmp_path), str(run), task).follow({})
    assert [(content, facts["file"]) for content, facts in messages] == [(b"x\n", "properties.jsonl")]


def test_what_was_being_written_by_who_was_killed_is_not_told(tmp_path: Path) -> None:
    for name in ("result.json", ".result.json.77.tmp", "work/.mine.1.tmp", "logs/run.log"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert sorted(name for name, _ in node_run.walk(str(tmp_path))) == [
        "logs/run.log",
        "result.json",
        "work/.mine.1.tmp",
    ]


def test_a_folder_whose_filling_was_killed_is_removed_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "snapshots" / "tree").mkdir(parents=True)
    os.mkfifo(tmp_path / "snapshots" / "tree" / "manifest.json")  # reading it waits, as a slow disk does
    run = tmp_path / "runs" / "RUN.1"
    order = f"job_order.JobOrder.from_json({make_order(**NAMES, tree='tree').to_json()!r})"
    code = "from runner.worker import job_order; from runner.worker.node.run_folder import lay_out; "
    code += f"lay_out({str(tmp_path)!r}, {str(run)!r}, {order}, {NO_INPUTS!r})"
    filling = subprocess.Popen([sys.executable, "-c", code])
    try:
        (work,) = wait_for(lambda: list(tmp_path.glob("runs/RUN.1.*.part/work")))
        empty = tmp_path / "runs" / "RUN.2.c0ffee.part"
        empty.mkdir()  # as it is when its process is killed before it has written anything, or while it is removed
        clean = {"root": str(tmp_path), "runs": [], "all": False}
        cleanup.clean(None, clean)
        assert work.exists() and not empty.exists()
    finally:
        filling.kill()
        filling.wait()
    assert work.exists()
    cleanup.clean(None, clean)
    assert not list((tmp_path / "runs").iterdir()) and not list((tmp_path / "filling").iterdir())


def test_what_was_shown_by_who_was_killed_goes_before_the_next_run_is_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the secrets of its order, so that it does not wait for ``vivero nodes clean``."""
    monkeypatch.setenv("VIVERO_TIMEOUTS", "node_clearing=0.001")
    key = snapshot.key_of({})
    (tmp_path / "snapshots" / key / "files").mkdir(parents=True)
    (tmp_path / "snapshots" / key / "manifest.json").write_text("{}")
    order = make_order(**NAMES, tree=key, variables={"TOKEN": "very-secret"}, secret=["TOKEN"])
    place = {"root": str(tmp_path), "run": str(tmp_path / "runs" / "ahead.1")}
    shown = {**NO_INPUTS, **place, "order": order.to_json(), "idle": 1}
    code = "import time; from runner.worker.node import daemon, run\ndaemon.ask = lambda *a, **k: time.sleep(600)\n"
    code += f"run.warm_up(0, {shown!r})"
    showing = subprocess.Popen([sys.executable, "-c", code])
    try:
        kept = wait_for(lambda: list(tmp_path.glob("runs/ahead.1/secrets.json")))[0]
        run_folder.lay_out(str(tmp_path), str(tmp_path / "runs" / "RUN.1"), order, NO_INPUTS)
        assert kept.exists()  # it is being shown
    finally:
        showing.kill()
        showing.wait()
    assert kept.exists()
    wait_for(lambda: time.monotonic() > run_folder._next_clearing[str(tmp_path)])
    run_folder.lay_out(str(tmp_path), str(tmp_path / "runs" / "RUN.2"), order, NO_INPUTS)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["RUN.1", "RUN.2"]


@pytest.mark.parametrize("name", ["files/train.py", "manifest.json"])
@pytest.mark.parametrize("how", [how for how in TAMPERING if how not in ("a FIFO", "a folder", "missing", "a link")])
def test_a_snapshot_that_was_changed_there_is_not_run_but_sent_anew(how: str, name: str, tmp_path: Path) -> None:
    facts = {"sha256": hashlib.sha256(b"print(1)").hexdigest(), "size": 8, "executable": False}
    key = snapshot.key_of({"train.py": facts})
    kept, run = tmp_path / "snapshots" / key, tmp_path / "runs" / "RUN.1"
    (kept / "files").mkdir(parents=True)
    (kept / "files" / "train.py").write_text("print(1)")
    (kept / "manifest.json").write_text(json.dumps({"train.py": facts}))
    order, task = make_order(**NAMES, tree=key), {"root": str(tmp_path), "tree": key}
    run_folder.lay_out(str(tmp_path), str(run), order, NO_INPUTS)
    assert (run / "work" / "train.py").read_text() == "print(1)"
    run_folder.check_snapshot(None, task)
    TAMPERING[how](kept / name)
    wrong = pytest.raises(OSError, match=rf"changed there \({Path(name).name}\)")
    with wrong:
        run_folder.check_snapshot(None, task) if how == "empty" else run_folder.lay_out(
            str(tmp_path), str(run.with_name("RUN.2")), order, NO_INPUTS
        )
    assert not kept.exists() and [path.name for path in run.parent.iterdir()] == ["RUN.1"]


def test_a_user_who_has_joined_a_group_gets_another_daemon(tmp_path: Path) -> None:
    """A daemon keeps the groups of the login that started it, and so would the runs that it starts."""
    if os.getuid() != 0:
        missing("only root can change its groups")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from runner.worker.node import daemon\n"
        f"answer = daemon.ask({str(tmp_path)!r}, 60.0, do=sys.argv[1])\nprint(answer.get('pid'))\n"
    )

    def ask(groups: str, question: str) -> str:
        command = ["setpriv", f"--groups={groups}", sys.executable, "-c", code, question]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        first, second = ask("4", "state"), ask("4,20", "state")
        assert ask("4", "state") == first != second == ask("4,20", "state")
        status = Path(f"/proc/{second}/status").read_text()
        assert "Groups:\t4 20" in status
    finally:
        for groups in ("4", "4,20"):
            ask(groups, "stop")
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (first, second)))
