"""Runs in containers, and in conda's environments, on nodes that have an engine each."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from docker.models.containers import Container

from tests.support.engine import BASE
from tests.support.nodes.cluster import SshCluster
from tests.support.nodes.engines import NodeEngine
from tests.support.nodes.leaving import left_as_it_was
from tests.support.nodes.package_index import PackageIndex
from tests.support.nodes.team import COUNTING, ENDLESS, Team, lines
from tests.support.projects import write_project
from tests.support.suite.covered import CLUSTERS
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.slow("starts engines, and builds images and environments on nodes", seconds=120),
    pytest.mark.sampled(5, covers=CLUSTERS),
]


class Crew(Team):
    """A team whose runs are in containers."""

    boxed = ("environment=docker", f"environment.base_image={BASE}", "environment.spec.packages=['parcel==1.0']")


@pytest.fixture(scope="module")
def engines(
    cluster: SshCluster, engine: DockerClient, standing_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, NodeEngine]]:
    """Give each node an engine of its own that has the base image."""
    saved = tmp_path_factory.mktemp("image") / "base.tar"
    with saved.open("wb") as file:
        file.writelines(engine.images.get(standing_image).save(named=True))
    engines = {machine.name: NodeEngine(machine) for machine in cluster.machines}
    with contextlib.ExitStack() as stack:
        index = stack.enter_context(PackageIndex(tmp_path_factory.mktemp("index"), cluster.network.host))
        for node_engine in engines.values():
            stack.callback(node_engine.close)
            stack.enter_context(node_engine.machine.variables({"UV_INDEX_URL": index.url}))
            with saved.open("rb") as file:
                node_engine.start().images.load(file)
        saved.unlink()
        yield engines


@pytest.fixture
def made(engines: dict[str, NodeEngine]) -> Callable[[], list[Container]]:
    """Find the containers of the nodes."""

    def made() -> list[Container]:
        listed = [engine.client.containers.list(all=True, ignore_removed=True) for engine in engines.values()]
        return [container for containers in listed for container in containers]

    return made


@pytest.fixture
def crew(cluster: SshCluster, made: Callable[[], list[Container]], request: pytest.FixtureRequest) -> Iterator[Crew]:
    crew = Crew(cluster, request.node.name, send_packages="true")
    with left_as_it_was(cluster, [crew]):
        yield crew
    wait_for(lambda: not [container for container in made() if container.status == "running"], 30)


def test_a_run_is_in_a_container_of_its_node(crew: Crew, made: Callable[[], list[Container]]) -> None:
    crew.script(
        "import os, parcel, sys\nfrom azureml.core import Run\nRun.get_context().log('accuracy', 0.5)\n"
        "print(parcel.__version__, os.path.exists('/.dockerenv'), sys.prefix, open(sys.argv[1]).read())\n"
        "open('outputs/model.txt', 'w').write('a model')\n"
        "model = Run.get_context().register_model('boxed', 'outputs/model.txt', model_framework='Custom')\n"
        "print('version', model.version)\n"
    )
    (crew.folder / "rows.csv").write_text("1,2")
    data = ["data.inputs={rows: {path: rows.csv}}", "job.arguments=['${input:rows}']"]
    done = crew.train(*crew.boxed, *data)
    assert "1.0 True /opt/vivero 1,2" in done.stdout and "version 1" in done.stdout
    record = crew.records()[-1]
    assert record["status"] == "completed" and record["finalize"]["metrics"] == {"accuracy": 0.5}
    assert record["prepare"]["environment"]["kind"] == "docker" and record["prepare"]["environment"]["image_id"]
    assert (crew.folders()[-1].outputs / "model.txt").read_text() == "a model"
    assert "parcel==1.0" in crew.folders()[-1].lock_file.read_text()
    again = crew.train(*crew.boxed, *data)
    assert "Building" not in again.stdout
    assert crew.records()[-1]["prepare"]["environment"]["image_id"] == record["prepare"]["environment"]["image_id"]
    assert not made()


def test_a_project_of_this_machine_is_in_a_container_of_a_node(crew: Crew) -> None:
    write_project(crew.folder / "mine")
    crew.script("import os, parcel, scores\nprint('value', scores.VALUE, os.path.exists('/.dockerenv'))\n")
    words = [*crew.boxed[:2], "environment.spec.packages=['parcel==1.0', ./mine]"]
    assert "value 1 True" in crew.train(*words).stdout


def test_a_sweep_has_containers_on_all_nodes(crew: Crew, cluster: SshCluster) -> None:
    crew.script("import sys, time\ntime.sleep(1.5)\nprint(sys.argv)\n")
    done = crew.train("-m", *crew.boxed, "+job.arguments.n=range(0,6)")
    assert "6 completed" in done.stdout, done.stdout + done.stderr
    assert {record["run"]["host"].split()[0] for record in crew.records()} == {
        machine.name for machine in cluster.machines
    }


def test_cancel_ends_the_container(crew: Crew, made: Callable[[], list[Container]]) -> None:
    crew.script(ENDLESS)
    process = crew.begin(*crew.boxed)
    crew.wait_for_log("begun", 60)
    assert len(made()) == 1
    assert crew.vivero("cancel", "latest").returncode == 0
    assert crew.wait_for_end(30)["status"] == "canceled"
    process.communicate()
    wait_for(lambda: not made(), 20)


def test_the_controller_is_killed_and_the_container_goes_on(crew: Crew, made: Callable[[], list[Container]]) -> None:
    crew.script(COUNTING.format(many=40, pause=0.1))
    process = crew.begin(*crew.boxed)
    crew.wait_for_log("line 3", 60)
    process.kill()
    process.communicate()
    assert crew.wait_for_end()["status"] == "completed"
    assert crew.folders()[-1].log.read_text() == lines(40)
    wait_for(lambda: not made(), 20)


def test_too_much_memory_is_said(crew: Crew) -> None:
    crew.script("x = bytearray(10**9)\nprint(len(x))\n")
    done = crew.train(*crew.boxed, "environment.resources.memory=64m", code=2)
    assert "out of memory: the container's limit is 64m" in done.stdout + done.stderr


def test_who_attends_the_container_is_killed(crew: Crew, made: Callable[[], list[Container]]) -> None:
    crew.script(ENDLESS)
    process = crew.begin(*crew.boxed)
    crew.wait_for_log("begun", 60)
    (attendant,) = crew.node().pids("supervisor.py")
    os.kill(attendant, signal.SIGKILL)
    done = crew.finish(process)
    assert done.returncode != 0 and crew.records()[-1]["status"] == "failed"
    wait_for(lambda: not [container for container in made() if container.status == "running"], 30)


def test_a_node_without_an_engine_is_named(crew: Crew, engines: dict[str, NodeEngine]) -> None:
    engines["node1"].stop()
    try:
        crew.script("print('hello')\n")
        done = crew.train(*crew.boxed, "compute.hosts=[node1]", code=2)
        assert "node1: No container engine answers at unix:///var/run/docker.sock" in done.stdout, done.stdout
        crew.script("import time\ntime.sleep(1)\n")
        done = crew.train("-m", *crew.boxed, "compute.hosts=[node2,node1]", "+job.arguments.n=range(0,4)")
        assert "4 completed" in done.stdout and "node1 is skipped: " in done.stdout + done.stderr
    finally:
        engines["node1"].start()


def test_a_dockerfile_and_a_relative_mount(crew: Crew) -> None:
    crew.script("print(open('/greeting').read())\n")
    place = crew.folder / "box"
    place.mkdir()
    (place / "greeting").write_text("hello from the context")
    (place / "left.out").write_text("x")
    (place / ".dockerignore").write_text("left.out\n")
    (place / "Dockerfile").write_text(f"FROM {BASE}\nCOPY . /\nRUN test ! -e /left.out\n")
    done = crew.train("environment=docker", "environment.dockerfile=box/Dockerfile")
    assert "hello from the context" in done.stdout
    mount = "environment.mounts=[{source: box, target: /box}]"
    refused = crew.train("environment=docker", "environment.dockerfile=box/Dockerfile", mount, code=2)
    assert "environment.mounts: box is a relative path. Give the absolute path on the nodes" in refused.stdout


def test_conda_packages_on_a_node(crew: Crew, cluster: SshCluster, channel: Path) -> None:
    place = Path("/srv/channel")
    for machine in cluster.machines:
        machine.copy(channel, place)
    crew.script("import sys, greeting, scores\nprint(sys.prefix, greeting.__file__, scores.VALUE)\n")
    write_project(crew.folder / "mine")
    words = ["environment=conda", "environment.packages=[greeting]", f"environment.channels=[{place}]"]
    words.append("environment.pip=[./mine]")
    done = crew.train(*words)
    record = crew.records()[-1]
    assert f"{crew.node().home}/.vivero-node/environments/" in done.stdout
    assert record["prepare"]["environment"]["kind"] == "conda"
    assert "Building" not in crew.train(*words).stdout
