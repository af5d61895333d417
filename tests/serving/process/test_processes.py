"""Models are loaded once, and the processes forked from there answer, are replaced, and end with their parent."""

import json
import os
import random
import signal
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from runner.layout import Layout
from runner.store.registry import FileRegistry
from tests.support.estimators.breaking import Breaks, Threaded
from tests.support.servers.server_processes import children, workers
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = {"data": X[:2].tolist()}
MODELS = {
    "boosting": HistGradientBoostingClassifier(max_iter=5),
    "svm": SVC(),
    "forest": RandomForestClassifier(20, n_jobs=2),
    "kmeans": KMeans(3, n_init=1),
    "neighbours": KNeighborsClassifier(),
    "network": MLPClassifier(max_iter=20),
}


def ended(pid: Any) -> bool:
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def ask_all(server: Any, path: str = "/score") -> Any:
    """Ask until every process has answered; return the answers."""
    answers = []
    for _ in range(60):
        answers.append(server.ask(path, {"data": X.tolist() * 10}))  # as large as to take a thread, and OpenMP
        answers.append(server.ask(path, BODY))
    return answers


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("variables", [{}, {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}], ids=["usual", "2"])
def test_what_computes_with_openmp_or_blas_answers_in_forked_processes(
    variables: Any, register: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name, model in MODELS.items():
        register(name, model.fit(X, Y))
    server = serve(f"models=[{','.join(MODELS)}]", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    for name, model in MODELS.items():
        expected = model.predict(X).tolist() * 10
        for status, _, content in ask_all(server, f"/score/{name}")[:20]:
            predicted = json.loads(content)["predict"]
            assert status == 200 and predicted == (expected if len(predicted) > 2 else expected[:2]), name
    assert server.stop() == 0


def test_the_memory_of_the_models_is_shared_and_ids_are_not(register: Any, serve: Any) -> None:
    register("forest", RandomForestClassifier(300, random_state=0).fit(np.tile(X, (4, 1)), np.tile(Y, 4)))
    server = serve("model=forest", "workers=3")
    wait_for(lambda: len(server.state()) == 3, 20)
    answers = ask_all(server)
    ids = [headers["x-request-id"] for _, headers, _ in answers]
    assert len(set(ids)) == len(ids)
    for pid in workers(server):
        lines = dict(line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        private, shared = (
            sum(int(value.split()[0]) for key, value in lines.items() if key.startswith(kind))
            for kind in ("Private_", "Shared_")
        )
        assert private < shared / 2


def test_a_replaced_process_takes_over_the_record_as_it_is_then(register: Any, serve: Any, layout: Layout) -> None:
    for label in (0, 1):
        register("iris", SVC().fit(X[Y != 2], (Y[Y != 2] + label) % 2))
    registry = FileRegistry(layout)
    registry.set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    registry.set_alias("iris", "champion", 2)
    wait_for(lambda: {served["version"] for state in server.state() for served in state["served"]} == {2}, 20)
    for victim in workers(server):
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda victim=victim: victim not in workers(server) and len(server.state()) == 2, 20)
        wait_for(lambda: all(state["served"] for state in server.state()), 20)
    assert {headers["x-model-version"] for _, headers, _ in ask_all(server)} == {"iris:2"}
    assert b'vivero_model_version{model="iris",version="1"} 1.0' not in server.ask("/metrics")[2]


def _unreadable(layout: Layout) -> None:
    layout.models.rename(layout.root / "away")


def _torn(layout: Layout) -> None:
    with (layout.model("iris") / "aliases.jsonl").open("a") as file:
        file.write('{"time": "2026-01-01T00:00:00Z", "alias": \n{"alias": 1}\n')


@pytest.mark.parametrize("harm", [_unreadable, _torn])
def test_a_replaced_process_serves_what_was_loaded_while_the_registry_cannot_be_read(
    harm: Any, register: Any, serve: Any, layout: Layout
) -> None:
    register("iris", SVC().fit(X, Y))
    FileRegistry(layout).set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    harm(layout)
    for victim in workers(server):
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda victim=victim: victim not in workers(server) and len(server.state()) == 2, 20)
    assert {status for status, _, _ in ask_all(server)} == {200}


def test_a_replaced_process_serves_nothing_rather_than_what_others_have_left(
    register: Any, serve: Any, layout: Layout
) -> None:
    for label in (0, 1):
        register("iris", SVC().fit(X[Y != 2], (Y[Y != 2] + label) % 2))
    FileRegistry(layout).set_alias("iris", "champion", 1)
    server = serve("model=iris@champion", "poll=0.05", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    FileRegistry(layout).set_alias("iris", "champion", 2)
    wait_for(lambda: {served["version"] for state in server.state() for served in state["served"]} == {2}, 20)
    _unreadable(layout)
    victim = workers(server)[0]
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in workers(server) and len(server.state()) == 2, 20)
    answers = ask_all(server)
    assert {headers["x-model-version"] for status, headers, _ in answers if status == 200} == {"iris:2"}


def test_a_hung_process_is_replaced(register: Any, serve: Any) -> None:
    register("iris", SVC().fit(X, Y))
    server = serve("model=iris", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    victim = random.choice(workers(server))
    os.kill(victim, signal.SIGSTOP)
    wait_for(lambda: victim not in workers(server) and len(workers(server)) == 2, 30)
    assert {status for status, _, _ in ask_all(server)} == {200}
    assert server.stop() == 0


def test_one_that_hangs_as_soon_as_it_has_loaded_is_replaced(register: Any, serve: Any, layout: Layout) -> None:
    register("iris", SVC().fit(X, Y))
    server = serve("model=iris", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    (states,), known = layout.endpoints.glob("*/states"), workers(server)
    os.kill(known[0], signal.SIGKILL)
    (victim,) = wait_for(lambda: set(workers(server)) - set(known), 20)
    while not (states / f"{victim}.json").exists():  # no pause: its first sign of life comes soon after
        continue
    os.kill(victim, signal.SIGSTOP)
    wait_for(lambda: victim not in workers(server) and len(workers(server)) == 2, 30)


def test_all_end_with_the_first_process(register: Any, serve: Any) -> None:
    register("iris", SVC().fit(X, Y))
    server = serve("model=iris", "workers=2")
    (loading,) = children(server.process.pid)
    family = [loading, *children(loading)]
    assert len(family) == 3
    server.process.kill()
    server.process.wait(10)
    wait_for(lambda: all(ended(pid) for pid in family), 20)


def test_the_loading_process_is_begun_anew(register: Any, serve: Any) -> None:
    register("iris", SVC().fit(X, Y))
    server = serve("model=iris", "workers=2")
    (loading,) = children(server.process.pid)
    os.kill(loading, signal.SIGKILL)

    def answers() -> bool:
        try:
            return children(server.process.pid) not in ([], [loading]) and server.ask("/score", BODY)[0] == 200
        except (OSError, urllib.error.URLError):
            return False

    wait_for(answers, 30)
    assert server.stop() == 0


@pytest.mark.parametrize("how", ["signal", "exit", "exception"])
def test_a_model_that_ends_the_loading_process(how: str, register: Any, serve: Any) -> None:
    register("broken", Breaks(how).fit(X, Y))
    server = serve("model=broken", "workers=2")
    assert server.process.wait(30) == 1
    said = [line for line in server.said if "error: " in line]
    expected = {"signal": "SIGSEGV", "exit": "exit code 9", "exception": "broken as asked"}[how]
    assert len(said) == 1 and expected in said[0], server.said


def test_a_model_that_begins_threads_is_loaded_by_each_process(register: Any, serve: Any) -> None:
    register("threaded", Threaded().fit(X, Y))
    server = serve("model=threaded", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    assert {status for status, _, _ in ask_all(server)} == {200}
    assert server.stop() == 0
