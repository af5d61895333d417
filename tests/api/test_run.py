"""A run from its submission to its end, and what is changed of it meanwhile and afterwards."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.api import Run, UserError, Workspace
from runner.recovery import cancel
from tests.support.command_line import CommandLine
from tests.support.history import History
from tests.support.scripts import MODEL
from tests.support.waiting import wait_for

WAITS = """
import time, pathlib
print("begun", flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
pathlib.Path("outputs/result.txt").write_text("done")
print("ended")
"""
JOB = ("job.source=src", "job.script=train.py")


@pytest.fixture
def gate(command_line: CommandLine, tmp_path: Path) -> Iterator[Path]:
    """A file that the script waits for."""
    command_line.script(WAITS.format(gate=str(tmp_path / "gate")))
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()  # of a test that failed


def test_a_submitted_run_is_followed_to_its_end(started: Workspace, gate: Path) -> None:
    run = started.submit(*JOB, "job.arguments={kernel: rbf}")
    assert started.run("latest") == run and run.experiment == "src"
    with pytest.raises(TimeoutError, match="is still"):
        run.wait(timeout=0)
    wait_for(lambda: run.refresh().status == "running")
    assert run.followed and run.outputs() == {} and run.duration > 0 and run.ended is None
    said: list[str] = []
    streaming = threading.Thread(target=lambda: run.stream(said.append))
    streaming.start()
    gate.touch()
    streaming.join()
    assert run.wait(30).status == "completed" and "".join(said) == "begun\nended\n"
    assert run.outputs()["result.txt"].read_text() == "done"
    assert run.logs()["run.log"].read_text() == "begun\nended\n"
    assert run.snapshot_files()["train.py"].read_text().startswith("\nimport time")
    assert run.params == {"kernel": "rbf"} and run.environment is not None and run.user is not None
    assert [event["status"] for event in run.events()][-1] == "completed"
    assert run.rerun_command()[:3] == ["vivero", "rerun", run.id]


def test_what_is_changed_of_a_running_run_is_there_when_it_has_ended(started: Workspace, gate: Path) -> None:
    run = started.submit(*JOB, "job.tags={mine: no, kept: yes}")
    run.tag("team", "a").tag("mine", None)
    run.set_note("first").set_note("second").rename("steady fox")
    assert (run.tags, run.note, run.record.display_name) == ({"kept": "yes", "team": "a"}, "second", "steady fox")
    threads = [threading.Thread(target=_tag_until_ended, args=(started, run.id, name)) for name in "ab"]
    for thread in threads:
        thread.start()
    gate.touch()
    for thread in threads:
        thread.join()
    run.wait(30)
    recorded = json.loads(run.folder.record.read_text())
    assert recorded["note"] == "second" and recorded["display_name"] == "steady fox"
    assert recorded["tags"] == run.tags and started.runs().rows[0]["tags"] == run.tags
    for name in "ab":
        assert [key for key in recorded["tags"] if key.startswith(f"{name}-")] != []
        assert recorded["tags"][f"{name}-last"] == recorded["tags"][f"{name}-count"]


def _tag_until_ended(workspace: Workspace, run_id: str, name: str) -> None:
    """Tag a run until some time after its end; each tag has to be there at once."""
    number, after = 0, 0
    while after < 3:
        run = workspace.run(run_id)
        after += run.status == "completed"
        number += 1
        run.set_tags({f"{name}-{number % 7}": str(number), f"{name}-count": str(number), f"{name}-last": str(number)})
        assert run.tags[f"{name}-{number % 7}"] == str(number)


def test_a_mistake_in_the_composition_is_the_line_of_the_command(started: Workspace, command_line: CommandLine) -> None:
    command_line.script(MODEL)
    for words in (("+experiment=irs",), (*JOB, "job.scritp=x"), (*JOB, "job.script=none.py")):
        printed = command_line.run(*words).stderr
        with pytest.raises(UserError) as mistake:
            started.submit(*words)
        assert printed == f"error: {mistake.value}\n"
    with pytest.raises(UserError, match="start no run"):
        started.submit("--version")
    assert started.runs(archived=True).total == 0


def test_a_run_is_canceled(started: Workspace, gate: Path) -> None:
    run = started.submit(*JOB)
    wait_for(lambda: run.logs().get("run.log") and run.logs()["run.log"].read_text())
    assert run.cancel().wait(30).status == "canceled"
    assert run.cancel().status == "canceled" and not gate.exists()


def test_a_model_is_registered_from_a_run(started: Workspace, command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script(MODEL)
    out: list[str] = []
    run = started.submit(*JOB, "job.arguments=[rbf]", stream=out.append).wait(60)
    assert run.status == "completed" and "Accuracy" in "".join(out)
    with pytest.raises(UserError, match="needs a name"):
        run.register()
    version = run.register("mine", tags={"by": "hand"})
    assert (version.reference, version.tags, version.run) == ("mine:1", {"by": "hand"}, run)
    assert version.verify() == [] and version.inspection is not None and "predict" in version.inspection.methods
    assert version.download(tmp_path / "copy") == 1 and (tmp_path / "copy" / "model.json").exists()
    assert run.download(tmp_path / "run") > 3


def test_an_ended_run_is_changed_and_deleted(history: History, workspace: Workspace) -> None:
    history.run(tags={"a": "1"}, metrics={"accuracy": 1})
    run = workspace.run("latest")
    run.set_tags({"a": None, "b": "2"}).set_note("good").archive()
    assert (run.tags, run.note, run.archived) == ({"b": "2"}, "good", True)
    assert run.set_note(None).note is None and not run.archive(False).archived
    with pytest.raises(UserError, match="cannot be empty"):
        run.rename(" ")
    for key in ("", " ", "a\nb"):
        with pytest.raises(UserError, match="key of a tag"):
            run.tag(key, "x")
    with pytest.raises(UserError, match="has no metric 'acuracy'"):
        run.history("acuracy")
    run.delete()
    with pytest.raises(UserError, match="does not exist"):
        run.refresh()
    with pytest.raises(UserError):
        run.tag("a", "b")


def test_a_run_that_nobody_ends_is_not_waited_for(history: History, workspace: Workspace) -> None:
    history.run(status="running", ended=None, finalize=None)
    with pytest.raises(UserError, match="vivero recover"):
        workspace.run("latest").wait()
    with pytest.raises(UserError, match="Cancel it first"):
        workspace.run("latest").delete()


def test_a_lost_run_keeps_what_was_changed_when_it_is_recovered(started: Workspace, gate: Path) -> None:
    run = started.submit(*JOB)
    run.tag("team", "a")
    assert run.controller is not None
    wait_for(lambda: run.logs().get("run.log") and run.logs()["run.log"].read_text())
    run.controller.kill()
    run.controller.wait()
    run.set_note("its controller was killed")
    cancel(started.layout, run.refresh().record)
    ended = wait_for(lambda: _ended(started, run))
    assert (ended.tags, ended.note) == ({"team": "a"}, "its controller was killed")


def _ended(workspace: Workspace, run: Run) -> Any:
    record = workspace.run(run.id)
    return record if record.status in ("canceled", "failed") else None
