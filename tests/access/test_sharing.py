"""A workspace that a group shares, by commands of several users of this machine."""

import contextlib
import json
import os
import signal
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.attacks.colleagues import GID, GROUP, Colleague, colleagues
from tests.support.waiting import wait_for

FIT = """
import joblib
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
joblib.dump(DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True)), "outputs/model.joblib")
"""
ENDLESS = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.05)\n"


class Office:
    def __init__(self, root: Path, people: dict[str, Colleague]) -> None:
        self.root, self.people = root, people
        self.ada, self.bob, self.eve = people["ada"], people["bob"], people["eve"]
        for colleague in people.values():
            colleague.workspace = root

    def run(self, who: Colleague, script: str, *words: str) -> str:
        """Have a script run, and return the run's id."""
        who.script(script)
        done = who.job(f"workspace.root={self.root}", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(self.vivero(who, "show", "latest", "--json")["id"])

    def begun(self) -> int:
        return sum("begun" in path.read_text() for path in self.root.glob("runs/*/*/logs/run.log"))

    def vivero(self, who: Colleague, *words: str) -> dict[str, object]:
        done = who.vivero("--workspace", str(self.root), *words)
        assert done.returncode == 0, done.stdout + done.stderr
        answer = json.loads(done.stdout) if "--json" in words else {"said": done.stdout + done.stderr}
        assert isinstance(answer, dict)
        return answer


@pytest.fixture
def office() -> Iterator[Office]:
    with colleagues() as (root, people):
        yield Office(root, people)


def test_members_work_with_each_others_runs_and_nobody_else_gets_in(office: Office) -> None:
    first = office.run(office.ada, FIT, f"workspace.shared={GROUP}", "model.name=tree")
    state = office.root.stat()
    assert stat.S_IMODE(state.st_mode) == 0o2770 and state.st_gid == GID
    second = office.run(office.bob, FIT, "model.name=tree")  # it says itself that it is shared
    for path in office.root.rglob("*"):
        status = path.lstat()
        if not stat.S_ISLNK(status.st_mode) and path.name != "worker.lock":
            assert status.st_gid == GID, path
            assert path.is_file() or status.st_mode & 0o2070 == 0o2070, path
    assert (office.root / "runs" / "src" / first / "run.json").stat().st_mode & 0o060 == 0o060
    listed = str(office.vivero(office.ada, "runs")["said"])
    assert "USER" in listed and "ada" in listed and "bob" in listed
    assert office.vivero(office.bob, "show", first, "--json")["user"] == "ada"
    assert "same" in str(office.vivero(office.bob, "rerun", first)["said"])
    assert "tree:2" in office.ada.vivero("--workspace", str(office.root), "models", "show", "tree:2").stdout
    assert office.vivero(office.ada, "delete", second, "--yes")
    for words in (["runs"], ["show", first], ["cancel", first]):
        done = office.eve.vivero("--workspace", str(office.root), *words)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    outside = office.eve.job(f"workspace.root={office.root}")
    assert outside.returncode == 1


def test_a_member_cancels_and_recovers_what_another_has_begun(office: Office) -> None:
    office.ada.script(ENDLESS)
    words = ("job.source=src", "job.script=train.py", f"workspace.root={office.root}", f"workspace.shared={GROUP}")
    process = office.ada.start("runner", *words)
    wait_for(lambda: office.begun() == 1, 30)
    office.vivero(office.bob, "cancel", "latest")
    process.communicate(timeout=60)
    assert office.vivero(office.bob, "show", "latest", "--json")["status"] == "canceled"
    process = office.ada.start("runner", *words)
    wait_for(lambda: office.begun() == 2, 30)
    folder = office.root / "runs" / "src" / str(office.vivero(office.bob, "show", "latest", "--json")["id"])
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.communicate(timeout=60)
    wait_for((folder / "process.json").exists, 20)
    os.kill(json.loads((folder / "process.json").read_text())["pid"], signal.SIGKILL)
    wait_for(lambda: not office.vivero(office.bob, "show", "latest", "--json")["followed"], 20)
    assert "is failed" in str(office.vivero(office.bob, "recover")["said"])
    assert office.vivero(office.ada, "show", "latest", "--json")["status"] == "failed"


def test_a_colleague_s_endpoint_is_changed_but_not_ended(office: Office) -> None:
    """What is served is a file that all write; who serves it is a process, and only its owner can signal that."""
    office.run(office.ada, FIT, f"workspace.shared={GROUP}", "model.name=tree")
    office.run(office.ada, FIT, "model.name=tree")
    with served(office, office.ada) as address:
        assert "tree:1" in str(office.vivero(office.bob, "endpoints")["said"])
        assert "Serving tree:1" in str(office.vivero(office.bob, "logs", "tree")["said"])
        key = str(office.vivero(office.bob, "keys", "tree", "--rotate", "primary", "--json")["key"])
        wait_for(lambda: answers(address, key), 20)
        for words, version in ((["deploy", "tree:2"], 2), (["rollback", "tree"], 1)):
            assert f"tree:{version}" in str(office.vivero(office.bob, *words)["said"])
            wait_for(lambda version=version: answers(address, key) == version, 20)
        for words in (["stop", "tree"], ["stop", "tree", "--delete", "--yes"]):
            done = office.bob.vivero("--workspace", str(office.root), *words)
            assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
            assert "belongs to ada" in done.stderr and "vivero stop tree" in done.stderr
            assert answers(address, key) == 1
        done = office.eve.vivero("--workspace", str(office.root), "stop", "tree")
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "was not running" in str(office.vivero(office.bob, "stop", "tree")["said"])
    with served(office, office.bob):  # in the folders that Ada's server made
        assert "process" in office.ada.vivero("--workspace", str(office.root), "stop", "tree").stderr
    assert "is removed" in str(office.vivero(office.ada, "stop", "tree", "--delete", "--yes")["said"])


@contextlib.contextmanager
def served(office: Office, who: Colleague) -> Iterator[str]:
    """Have somebody serve the first version, and give where; it is ended in the end."""
    settings = ("--set", "port=0", "--set", "auth=key", "--set", "poll=0.1")
    office.vivero(who, "deploy", "tree:1", *settings)
    try:
        endpoints = json.loads(who.vivero("--workspace", str(office.root), "endpoints", "--json").stdout)
        yield endpoints[0]["address"]
    finally:
        office.vivero(who, "stop", "tree")


def answers(address: str, key: str) -> int | None:
    """Return the version that answers to a key, None if none does."""
    request = urllib.request.Request(f"{address}/v2/models/tree", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(json.loads(response.read())["versions"][0])
    except urllib.error.URLError:
        return None


def test_one_that_was_found_and_not_named_is_not_adopted(office: Office) -> None:
    office.run(office.ada, "pass", f"workspace.shared={GROUP}")
    hidden = office.root.parent / ".vivero"
    office.root.rename(hidden)
    (office.root.parent / "below").mkdir(mode=0o755)
    done = office.bob.vivero("runs", cwd=office.root.parent / "below")
    assert done.returncode == 1 and "belongs to ada" in done.stderr, done.stdout + done.stderr
    assert office.bob.vivero("runs", variables={"VIVERO_WORKSPACE": str(hidden)}).returncode == 0


@pytest.mark.parametrize("change", ["group", "open", "mark"])
def test_what_a_workspace_says_of_itself_is_believed_only_if_it_can_be(change: str, office: Office) -> None:
    first = office.run(office.ada, "pass", f"workspace.shared={GROUP}")
    if change == "group":
        os.chown(office.root, -1, office.ada.uid)
        office.root.chmod(0o2775)
    elif change == "open":
        office.root.chmod(0o2777)
    else:
        os.chown(office.root / "workspace.json", office.eve.uid, GID)
    done = office.bob.vivero("--workspace", str(office.root), "rerun", first)
    assert done.returncode == 1 and "so it is not used" in done.stderr


def test_a_private_workspace_becomes_shared_with_all_there_is(office: Office) -> None:
    first = office.run(office.ada, FIT)
    assert office.bob.vivero("--workspace", str(office.root), "runs").returncode == 1
    office.ada.script("pass")
    done = office.ada.job(f"workspace.root={office.root}", f"workspace.shared={GROUP}")
    assert "can run code as each other" in done.stdout + done.stderr
    assert "same" in str(office.vivero(office.bob, "rerun", first)["said"])
    assert office.vivero(office.bob, "delete", first, "--yes")


@pytest.mark.parametrize(
    ("who", "group", "said"), [("eve", GROUP, "you are not a member"), ("ada", "no-such", "no such group")]
)
def test_a_group_that_cannot_be(who: str, group: str, said: str, office: Office) -> None:
    person = office.people[who]
    person.script("pass")
    done = person.job(f"workspace.root={person.folder / 'mine'}", f"workspace.shared={group}")
    assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1
