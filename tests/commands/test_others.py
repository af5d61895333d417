"""Reading executes nothing, and what others could have written is not executed by any command."""

import contextlib
import pickle
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from runner.access import ownership
from runner.cli import cli
from runner.commands.lazy import LazyGroup
from runner.studio.pages import PAGES
from tests.support.attacks.hostile import Hostile, copied, give_away
from tests.support.attacks.malicious import Malicious
from tests.support.command_line import CommandLine
from tests.support.studio.workspaces import studio

# What only reads, copies or removes files: done in anybody's workspace.
READING = {
    "runs": "--where status=='running'", "show": "RUN", "logs": "RUN", "metrics": "RUN", "compare": "RUN RUN",
    "download": "RUN --to copy", "sweeps": "", "sweep": "SWEEP", "best": "SWEEP", "delete": "RUN --yes",
    "report": "RUN -o copy.html", "studio": "--new-key",
    "tag": "RUN a=b", "rename": "RUN other", "note": "RUN text", "archive": "RUN",
    "models": "", "models show": "evil", "models alias": "evil champion 1", "models tag": "evil a=b",
    "models download": "evil --to copy", "models delete": "evil:1 --yes", "models verify": "",
    "script": "RUN", "environments": "", "environments show": "abc", "environments prune": "--dry-run",
    "environments export": "abc --output copy", "nodes": "check", "endpoints": "", "keys": "evil",
    "data": "", "data add": "other src/train.py", "data show": "evil", "data preview": "evil", "data verify": "",
    "data download": "evil --to copy", "data alias": "evil golden 1", "data tag": "evil a=b", "data diff": "evil evil",
    "data delete": "evil:1 --yes", "pipelines": "", "pipeline": "PIPELINE", "pipeline show": "PIPELINE",
    "pipeline why": "PIPELINE a", "init": "other --data evil --target a --config-dir copy",
}  # fmt: skip
LOOKING = (
    "runs", "show", "logs", "compare", "sweeps", "sweep", "best", "models", "endpoints", "data", "data show",
    "data preview", "data diff", "pipelines", "pipeline", "pipeline why",
)  # fmt: skip
# What executes something: done in the user's own workspace only.
EXECUTING = {
    "run": "job.source=src job.script=train.py workspace.root=.vivero", "recover": "", "cancel": "RUN", "rerun": "RUN",
    "models register": "RUN --path outputs/model.pkl --name evil", "deploy": "evil", "rollback": "evil", "stop": "evil",
    "package": "evil --output copy", "score": "evil --input src/train.py --output copy.csv",
    "environments build": "job.source=src job.script=train.py", "pipeline resume": "PIPELINE",
}  # fmt: skip


def every(group: LazyGroup = cli, before: str = "") -> Iterator[str]:
    """Yield all commands."""
    for name in group.lazy:
        yield f"{before}{name}"
        command = group.get_command(click.Context(group), name)
        if isinstance(command, LazyGroup):
            yield from every(command, f"{before}{name} ")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    folder = tmp_path_factory.mktemp("hostile") / "team"
    folder.mkdir()
    hostile = Hostile(CommandLine(folder))
    hostile.make()
    return hostile


@pytest.fixture
def hostile(made: Hostile, tmp_path: Path) -> Hostile:
    return copied(made, tmp_path / "copied")


def test_each_command_is_one_or_the_other() -> None:
    assert sorted(every()) == sorted([*READING, *EXECUTING])


@pytest.mark.parametrize("command", READING)
def test_reading_executes_nothing(command: str, hostile: Hostile) -> None:
    give_away(hostile.layout.root)
    done = hostile.vivero(f"{command} {READING[command]}")
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    assert hostile.marks() == []
    assert hostile.run.status == "running" if command != "delete" else "vivero recover" in done.stderr


def test_pages_of_the_studio_execute_nothing(hostile: Hostile) -> None:
    give_away(hostile.layout.root)
    run = hostile.run.id
    with studio("--workspace", str(hostile.layout.root)) as site:
        shown = ["model/evil/1", "asset/evil/1", "endpoint/evil", f"compare?run={run}&view=code"]
        for page in [*PAGES, f"run/{run}", *shown]:
            with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(f"{site}/w/1/{page}") as answer:
                answer.read()
    assert hostile.marks() == [] and hostile.run.status == "running"


@pytest.mark.parametrize("command", LOOKING)
def test_reading_writes_nothing_into_a_workspace_of_others(command: str, hostile: Hostile) -> None:
    """A link in place of a cache or a journal would be written wherever it leads."""
    elsewhere = hostile.line.folder / "elsewhere"
    hostile.layout.index.unlink(missing_ok=True)
    hostile.layout.index.symlink_to(elsewhere)
    ended = hostile.folder.record
    ended.write_text(ended.read_text().replace('"running"', '"completed"'))  # news for the sweep
    give_away(hostile.layout.root)
    before = _content(hostile.layout.root)
    done = hostile.vivero(f"{command} {READING[command]}".replace("'running'", "'completed'"))
    assert done.returncode == 0, done.stderr
    assert _content(hostile.layout.root) == before and not elsewhere.exists()


def _content(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in root.rglob("*")}


@pytest.mark.parametrize("command", EXECUTING)
def test_nothing_is_executed_in_a_workspace_of_others(command: str, hostile: Hostile) -> None:
    said = give_away(hostile.layout.root)
    done = hostile.vivero(f"{command} {EXECUTING[command]}")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert f"The workspace {hostile.layout.root} {said}" in done.stderr
    assert f"{ownership.VARIABLE}={hostile.layout.root}" in done.stderr
    assert hostile.marks() == [] and hostile.run.status == "running"


@pytest.mark.parametrize("name", ["run.json", "order.json", "environment.lock", ""])
@pytest.mark.parametrize("command", ["recover", "cancel", "rerun", "models register"])
def test_nothing_is_executed_for_a_run_of_others(command: str, name: str, hostile: Hostile) -> None:
    said = give_away(hostile.folder.root / name)
    done = hostile.vivero(f"{command} {EXECUTING[command]}")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    # A run is registered from once it has ended.
    assert said in done.stderr or "has not ended yet" in done.stderr
    assert hostile.marks() == [] and hostile.run.status == "running"


def test_a_link_in_place_of_an_order_is_not_followed(hostile: Hostile) -> None:
    hostile.folder.order.rename(hostile.line.folder / "order.json")
    hostile.folder.order.symlink_to(hostile.line.folder / "order.json")
    done = hostile.vivero("recover")
    assert done.returncode == 1 and "order.json is a link" in done.stderr and hostile.marks() == []


@pytest.mark.parametrize("trusted", [False, True])
def test_the_model_of_an_own_run_is_loaded_in_its_environment(trusted: bool, hostile: Hostile) -> None:
    if trusted:
        give_away(hostile.layout.root)
    variables = {ownership.VARIABLE: f"/elsewhere:{hostile.layout.root}"} if trusted else {}
    done = hostile.vivero("recover", variables=variables)
    assert done.returncode == 0 and "Run src-" in done.stdout, done.stderr
    assert hostile.marks() == ["loaded"]  # by our Python: the order's program was not started
    assert hostile.run.status in ("completed", "failed")


def test_a_run_of_another_python_is_left_as_it_is(hostile: Hostile) -> None:
    path = hostile.folder.record
    record = path.read_text()
    prefix = str(hostile.run.prepare and hostile.run.prepare.environment.prefix)
    record = record.replace(f'"{prefix}"', '"/other/.venv"').replace('"packages": {', '"packages": {"absent": "1",')
    path.write_text(record)
    done = hostile.vivero("recover")
    assert done.returncode == 1 and "Use the Python of /other/.venv" in done.stderr, done.stderr
    assert hostile.run.status == "running"


def test_packages_that_changed_since_do_not_fail_a_run(hostile: Hostile) -> None:
    path = hostile.folder.record
    path.write_text(path.read_text().replace('"packages": {', '"packages": {"absent": "1",'))
    done = hostile.vivero("recover")
    assert done.returncode == 0 and "continuing although absent" in done.stderr
    assert hostile.marks() == ["loaded"]


def test_a_record_that_is_of_another_run_steers_nothing(hostile: Hostile) -> None:
    """Its settings are those of the files that were looked at, not of the one that names them."""
    home, foreign = hostile.folder.root, hostile.layout.runs / "aaa" / "x-20260101-000000-00000000"
    foreign.mkdir(parents=True)
    text = hostile.folder.record.read_text()
    (foreign / "run.json").write_text(text.replace('"kind": "local"', '"kind": "ssh"'))
    give_away(foreign)
    hostile.line.vivero("recover", foreign.name)
    assert '"kind": "local"' in (home / "run.json").read_text()


def test_serving_takes_no_workspace_of_others(hostile: Hostile) -> None:
    give_away(hostile.layout.root)
    words = ("serving", "model=evil", f"workspace.root={hostile.layout.root}")
    done = hostile.line.finish(hostile.line.start(*words))
    assert done.returncode == 1 and "so it is not used" in done.stderr and hostile.marks() == []


PTH = "import pathlib; pathlib.Path({!r}).touch()\n"


@pytest.mark.parametrize("what", ["environment", "interpreter", "snapshot", "lock"])
def test_what_others_could_have_written_is_not_used(what: str, command_line: CommandLine) -> None:
    command_line.script("print('hello')")
    words = ("environment=venv", 'environment.packages=["six==1.16.0"]')
    assert command_line.job(*words).returncode == 0
    layout, mark = Hostile(command_line).layout, command_line.folder / "mark"
    (python,) = layout.environments.glob("*/bin/python")
    (packages,) = python.parents[1].glob("lib/python*/site-packages")
    (packages / "x.pth").write_text(PTH.format(str(mark)))
    (snapshot,) = layout.snapshots.iterdir()
    (lock,) = layout.locks.glob("*.txt")
    if what == "interpreter":
        python.unlink()
        python.write_text(f"#!/bin/sh\ntouch {mark}\n")
        python.chmod(0o755)
    place: Any = {"environment": python.parents[1], "interpreter": python, "snapshot": snapshot, "lock": lock}[what]
    said = give_away(place)
    done = command_line.job(*words)
    assert done.returncode == 2 and f"{place} {said}" in done.stdout + done.stderr, done.stdout + done.stderr
    assert not mark.exists()


def test_the_trap_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Malicious(tmp_path / "mark"))).close()  # noqa: S301 - our own
    assert (tmp_path / "mark").exists()
