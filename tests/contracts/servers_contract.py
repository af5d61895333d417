"""The contract of endpoint servers. Inherit the class for each kind and define the fixture ``settings``."""

import json
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.svm import SVC

from runner.layout import Layout
from runner.store.registry import FileRegistry
from tests.support.attacks.malicious import Malicious
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = json.dumps({"data": X[:1].tolist()}).encode()


def constant(label: Any) -> Any:
    return DummyClassifier(strategy="constant", constant=label).fit(X, Y)


def ask(address: Any, key: Any = None) -> Any:
    """Return the status, the version and the answer of a request."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{address}/score", BODY, headers), timeout=30) as answer:
            return answer.status, answer.headers["x-model-version"], json.loads(answer.read())["predict"]
    except urllib.error.HTTPError as error:
        return error.code, None, None


class Load:
    """Sends requests without a pause from several threads, and keeps every answer."""

    def __init__(self, address: Any, threads: int = 4) -> None:
        self.address, self.over = address, threading.Event()
        self.answers: list[Any] = []
        self.threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def _ask(self) -> None:
        while not self.over.is_set():
            try:
                self.answers.append(ask(self.address))
            except OSError as error:
                self.answers.append((0, None, str(error)))

    def __enter__(self) -> Any:
        for thread in self.threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *_: Any) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def more(self, number: int = 30) -> None:
        """Wait for `number` more answers."""
        begun = len(self.answers)
        wait_for(lambda: len(self.answers) > begun + number, 20)


class ServersContract:
    """Uses the commands, as users do."""

    def moments(self, layout: Layout) -> Iterator[Callable[[], bool]]:
        """Yield conditions at which a deployment is killed. Each is new."""
        raise NotImplementedError

    @pytest.fixture
    def vivero(self, command_line: CommandLine, layout: Layout, two_versions: Any) -> Iterator[Any]:
        """Run a command and return its JSON or its error."""

        def vivero(*words: str, fails: bool = False) -> Any:
            done = command_line.vivero(*words, "--workspace", str(layout.root), "--json")
            assert done.returncode == int(fails), done.stderr
            assert "Traceback" not in done.stderr
            return done.stderr.strip().splitlines()[-1] if fails else json.loads(done.stdout)

        yield vivero
        for endpoint in json.loads(command_line.vivero("endpoints", "--workspace", str(layout.root), "--json").stdout):
            command_line.vivero("stop", endpoint["name"], "--workspace", str(layout.root))

    @pytest.fixture
    def two_versions(self, register_here: Any) -> None:
        """Register two versions that give different answers."""
        for label in (0, 1):
            register_here("iris", constant(label))

    def test_it_answers_until_it_is_stopped(self, vivero: Any, settings: Any) -> None:
        made = vivero("deploy", "iris:1", *settings)
        assert ask(made["address"]) == (200, "iris:1", [0])
        (described,) = vivero("endpoints")
        assert (described["status"], described["problem"]) == ("serving", None)
        assert [(served["name"], served["version"]) for served in described["served"]] == [("iris", 1)]
        assert f"Serving iris:1 at {made['address']}" in vivero("logs", "iris")["text"]
        assert vivero("stop", "iris")["stopped"] and not vivero("stop", "iris")["stopped"]
        with pytest.raises(OSError, match="refused"):
            ask(made["address"])
        assert vivero("endpoints")[0]["status"] == "stopped"
        assert "Serving iris:1" in vivero("logs", "iris")["text"]
        again = vivero("deploy", "iris:2")
        assert again["address"] == made["address"] and ask(made["address"]) == (200, "iris:2", [1])

    def test_no_request_is_lost_when_it_goes_over(self, vivero: Any, settings: Any) -> None:
        made = vivero("deploy", "iris:1", *settings)
        with Load(made["address"]) as load:
            vivero("deploy", "iris:2")
            load.more()
            vivero("rollback", "iris")
            load.more()
            vivero("deploy", "iris:2")
            load.more()
        assert {answer[0] for answer in load.answers} == {200}, load.answers[-5:]
        assert {answer[1:2] + tuple(answer[2]) for answer in load.answers} == {("iris:1", 0), ("iris:2", 1)}
        assert load.answers[-1][1] == "iris:2"

    def test_a_version_that_is_not_what_was_registered_leaves_the_old_one(
        self, vivero: Any, settings: Any, layout: Layout, register_here: Any, tmp_path: Path
    ) -> None:
        made, mark = vivero("deploy", "iris:1", *settings), tmp_path / "mark"
        joblib.dump(Malicious(mark), FileRegistry(layout).artefact(register_here("iris", constant(1))))
        with Load(made["address"]) as load:
            said = vivero("deploy", "iris:3", fails=True)
            load.more()
        assert "still serves the earlier version" in said and "has changed since it was registered" in said
        assert {answer[:2] for answer in load.answers} == {(200, "iris:1")}
        assert [model["version"] for model in vivero("endpoints")[0]["models"]] == [1] and not mark.exists()

    def test_a_version_that_fails_on_its_example_leaves_the_old_one(
        self, vivero: Any, settings: Any, register_here: Any
    ) -> None:
        made = vivero("deploy", "iris:1", *settings)
        register_here("iris", SVC().fit(X, Y), example={"data": [[1, 2, 3]]})
        with Load(made["address"]) as load:
            said = vivero("deploy", "iris:3", fails=True)
            load.more()
        assert "still serves the earlier version" in said
        assert {answer[:2] for answer in load.answers} == {(200, "iris:1")}
        assert [model["version"] for model in vivero("endpoints")[0]["models"]] == [1]
        assert vivero("deploy", "iris:2")["models"] == ["iris:2"]

    def test_keys_are_asked_for_and_rotated_while_it_serves(self, vivero: Any, settings: Any) -> None:
        made = vivero("deploy", "iris:1", *settings, "--set", "auth=key", "--set", "poll=0.05")
        keys = made["keys"]
        assert ask(made["address"])[0] == 401 and ask(made["address"], "wrong")[0] == 401
        assert {ask(made["address"], key)[0] for key in keys.values()} == {200}
        new = vivero("keys", "iris", "--rotate", "primary")["key"]
        wait_for(lambda: ask(made["address"], new)[0] == 200)
        assert ask(made["address"], keys["primary"])[0] == 401 and ask(made["address"], keys["secondary"])[0] == 200

    def test_two_deploys_at_once_come_one_after_the_other(
        self, vivero: Any, settings: Any, command_line: CommandLine, layout: Layout
    ) -> None:
        made, where = vivero("deploy", "iris:1", *settings), ("--workspace", str(layout.root), "--json")
        with Load(made["address"]) as load:
            both = [command_line.start("runner.cli", "deploy", f"iris:{number}", *where) for number in (1, 2)]
            ends = [process.communicate(timeout=120) for process in both]
            load.more()
        assert [process.returncode for process in both] == [0, 0], ends
        assert {answer[0] for answer in load.answers} == {200}
        (described,) = vivero("endpoints")
        assert ask(made["address"])[1] == f"iris:{described['models'][0]['version']}"

    def test_an_address_that_is_taken_is_said(self, vivero: Any, settings: Any) -> None:
        made = vivero("deploy", "iris:1", *settings)
        port = made["address"].rpartition(":")[2]
        said = vivero("deploy", "iris:2", "--endpoint", "other", *settings, "--set", f"port={port}", fails=True)
        assert port in said and "is in use" in said
        assert ask(made["address"]) == (200, "iris:1", [0])

    def test_a_deploy_that_is_killed_leaves_the_old_one(
        self, vivero: Any, settings: Any, command_line: CommandLine, layout: Layout, register_here: Any
    ) -> None:
        """It is killed at several moments. The next deployment succeeds whatever it left."""
        made, where = vivero("deploy", "iris:1", *settings), ("--workspace", str(layout.root))
        for begun in self.moments(layout):
            version = register_here("iris", constant(1)).version
            process = command_line.start("runner.cli", "deploy", f"iris:{version}", *where)
            wait_for(lambda begun=begun, process=process: begun() or process.poll() is not None, 60)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert ask(made["address"])[0] == 200
        assert vivero("deploy", "iris:2")["models"] == ["iris:2"]
        wait_for(lambda: ask(made["address"]) == (200, "iris:2", [1]))
        assert vivero("endpoints")[0]["status"] == "serving"
