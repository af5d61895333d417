"""Versions in motion: nothing is lost when an endpoint goes over, and nothing bad takes over."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.svm import SVC

from runner.endpoints.store import EndpointStore
from runner.layout import Layout
from runner.store.registry import FileRegistry
from tests.support.attacks.malicious import Malicious
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = {"data": X[:1].tolist()}


def constant(label: Any) -> Any:
    return DummyClassifier(strategy="constant", constant=label).fit(X, Y)


class Load:
    """Asks without a pause from several threads, and keeps every answer."""

    def __init__(self, server: Any, threads: int = 4) -> None:
        self.server, self.over = server, threading.Event()
        self.answers: list[Any] = []
        self.threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def _ask(self) -> None:
        while not self.over.is_set():
            try:
                status, headers, content = self.server.ask("/score", BODY)
                self.answers.append((status, headers["x-model-version"], json.loads(content).get("predict")))
            except OSError as error:
                self.answers.append((0, None, str(error)))

    def __enter__(self) -> Any:
        for thread in self.threads:
            thread.start()
        wait_for(lambda: len(self.answers) > 20, 20)
        return self

    def __exit__(self, *_: Any) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def more(self, number: int = 50) -> None:
        """Wait until so many more answers have come."""
        begun = len(self.answers)
        wait_for(lambda: len(self.answers) > begun + number, 20)


def served(server: Any) -> Any:
    return [(served["name"], served["version"]) for state in server.state() for served in state["served"]]


def test_a_moved_alias_loses_no_request(register: Any, serve: Any, layout: Layout) -> None:
    register("iris", constant(0))
    register("iris", constant(1))
    registry = FileRegistry(layout)
    registry.set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    with Load(server) as load:
        for version in (2, 1, 2):
            registry.set_alias("iris", "champion", version)
            wait_for(lambda version=version: served(server) == [("iris", version)] * 2, 20)
            load.more()
    assert {status for status, _, _ in load.answers} == {200}
    assert {(version, answer[0]) for _, version, answer in load.answers} == {("iris:1", 0), ("iris:2", 1)}
    assert load.answers[-1][1] == "iris:2"


def bad_hash(registry: FileRegistry, record: Any, mark: Any) -> None:
    joblib.dump(Malicious(mark), registry.artefact(record))


def gone(registry: FileRegistry, record: Any, _mark: Any) -> None:
    registry.artefact(record).unlink()


def half_written(registry: FileRegistry, record: Any, _mark: Any) -> None:
    registry.artefact(record).write_bytes(b"half")


@pytest.mark.parametrize("harm", [bad_hash, gone, half_written])
def test_a_version_that_cannot_be_loaded_leaves_the_old_one(
    harm: Any, register: Any, serve: Any, layout: Layout, tmp_path: Path
) -> None:
    register("iris", constant(0))
    registry, mark = FileRegistry(layout), tmp_path / "mark"
    registry.set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05")
    harm(registry, register("iris", constant(1)), mark)
    registry.set_alias("iris", "champion", 2)
    wait_for(lambda: any(state["problem"] for state in server.state()), 20)
    assert server.ask("/score", BODY)[1]["x-model-version"] == "iris:1"
    assert not mark.exists()
    registry.set_alias("iris", "champion", 1)
    wait_for(lambda: not any(state["problem"] for state in server.state()), 20)


def test_a_version_that_fails_on_its_example_leaves_the_old_one(register: Any, serve: Any, layout: Layout) -> None:
    register("iris", constant(0))
    registry = FileRegistry(layout)
    registry.set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05")
    register("iris", SVC().fit(X, Y), example={"data": [[1, 2, 3]]})
    registry.set_alias("iris", "champion", 2)
    wait_for(lambda: any("3 values" in (state["problem"] or "") for state in server.state()), 20)
    assert served(server) == [("iris", 1)]


def test_a_registry_that_cannot_be_read_for_a_while(register: Any, serve: Any, layout: Layout) -> None:
    register("iris", constant(0))
    FileRegistry(layout).set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05")
    models, away = layout.models, layout.root / "away"
    shutil.move(models, away)
    wait_for(lambda: any(state["problem"] for state in server.state()), 20)
    assert server.ask("/score", BODY)[0] == 200
    shutil.move(away, models)
    wait_for(lambda: not any(state["problem"] for state in server.state()), 20)


def test_a_file_replaced_under_the_server_changes_nothing(register: Any, serve: Any, layout: Layout) -> None:
    record = register("iris", constant(0))
    server = serve("model=iris", "poll=0.05")
    FileRegistry(layout).artefact(record).write_bytes(b"other")
    assert json.loads(server.ask("/score", BODY)[2]) == {"predict": [0]}


def test_a_killed_process_under_load(register: Any, serve: Any) -> None:
    register("iris", constant(0))
    server = serve("model=iris", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    with Load(server) as load:
        victim = server.state()[0]["pid"]
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len([state for state in server.state() if state["pid"] != victim]) == 2, 20)
        load.more()
    lost = [at for at, answer in enumerate(load.answers) if answer[0] != 200]
    assert len(lost) <= 20  # what was on its way to the killed process; never what comes afterwards
    assert all(status == 200 for status, _, _ in load.answers[-40:])


def test_two_servers_of_one_registry(register: Any, serve: Any) -> None:
    register("iris", constant(0))
    register("iris", constant(1))
    first, second = serve("model=iris:1", "name=one"), serve("model=iris:2", "name=two")
    assert [json.loads(server.ask("/score", BODY)[2])["predict"] for server in (first, second)] == [[0], [1]]
    again = serve("model=iris:1", "name=one")
    assert again.process.wait(20) == 1 and "already running" in again.said[-1]


def test_deploy_share_mirror_and_rollback(
    command_line: CommandLine, layout: Layout, register: Any, tmp_path: Path
) -> None:
    register("iris", constant(0))
    register("iris", constant(1))
    where = ("--workspace", str(layout.root), "--json")

    def vivero(*words: str) -> Any:
        done = command_line.vivero(*words, *where)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    try:
        made = vivero("deploy", "iris:1", "--set", "port=0", "--set", "poll=0.05")
        (shown,) = vivero("endpoints")
        assert shown["status"] == "serving" and shown["address"] == made["address"]
        assert vivero("deploy", "iris:2")["models"] == ["iris:2"]
        assert vivero("rollback", "iris")["models"] == ["iris:1"]
        vivero("deploy", "iris:2", "--weight", "0.25")
        versions = [_version(made["address"]) for _ in range(200)]
        assert 20 < versions.count("iris:2") < 90
        vivero("deploy", "iris:2", "--mirror")
        assert {_version(made["address"]) for _ in range(20)} == {"iris:1"}
        wait_for(lambda: _mirrored(made["address"]) >= 20, 10)
        FileRegistry(layout).artefact(register("iris", constant(2))).write_bytes(b"bad")
        refused = command_line.vivero("deploy", "iris:3", *where)
        assert refused.returncode == 1 and "still serves the earlier version" in refused.stderr
        assert vivero("endpoints")[0]["status"] == "serving"
        assert {_version(made["address"]) for _ in range(20)} == {"iris:1"}
        log = command_line.vivero("logs", "iris", "--workspace", str(layout.root))
        assert "Serving iris:1" in log.stdout
    finally:
        assert vivero("stop", "iris", "--delete", "--yes")["stopped"]
    assert vivero("endpoints") == []
    assert EndpointStore(layout).names() == []


def _version(address: Any) -> Any:
    import urllib.request

    request = urllib.request.Request(
        address + "/score", json.dumps(BODY).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["x-model-version"]


def _mirrored(address: Any) -> Any:
    import urllib.request

    with urllib.request.urlopen(address + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith('vivero_mirrored_total{model="iris"'))


def test_train_register_deploy_in_one_command(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=iris", "+endpoint=local", "endpoint.port=0")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Deploying" in done.stdout
        record = json.loads(command_line.vivero("show", "latest", "--json").stdout)
        assert _version(record["deploy"]["address"]) == "sklearn-iris:1"
    finally:
        assert command_line.vivero("stop", "sklearn-iris").returncode == 0


def test_two_deploys_at_once_come_one_after_the_other(command_line: CommandLine, layout: Layout, register: Any) -> None:
    register("iris", constant(0))
    register("iris", constant(1))
    where = ("--workspace", str(layout.root), "--json")
    made = json.loads(command_line.vivero("deploy", "iris:1", "--set", "port=0", *where).stdout)
    try:
        both = [command_line.start("runner.cli", "deploy", f"iris:{number}", *where) for number in (1, 2)]
        assert [process.wait(60) for process in both] == [0, 0]
        said = [json.loads(process.communicate()[0])["models"] for process in both]
        assert said == [["iris:1"], ["iris:2"]] and _version(made["address"]) in ("iris:1", "iris:2")
        assert command_line.vivero("stop", "iris", *where).returncode == 0
        again = json.loads(command_line.vivero("deploy", "iris:2", *where).stdout)
        assert again["address"] == made["address"]  # its settings are kept
    finally:
        command_line.vivero("stop", "iris", *where)


def test_keys_are_rotated_one_at_a_time(command_line: CommandLine, layout: Layout, register: Any) -> None:
    register("iris", constant(0))
    where = ("--workspace", str(layout.root), "--json")
    made = json.loads(command_line.vivero("deploy", "iris", "--set", "port=0", "--set", "auth=key", *where).stdout)
    try:
        assert made["keys"].keys() == {"primary", "secondary"}
        shown = command_line.vivero("keys", "iris", *where).stdout
        assert not any(key in shown for key in made["keys"].values())
        fresh = json.loads(command_line.vivero("keys", "iris", "--rotate", "primary", *where).stdout)["key"]
        assert fresh not in made["keys"].values()
    finally:
        command_line.vivero("stop", "iris", *where)
