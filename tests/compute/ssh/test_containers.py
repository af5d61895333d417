"""Runs in containers, and in conda's environments, on the nodes of a cluster: a real engine, three real sshds."""

import contextlib
import os
import signal

import docker
import pytest

from runner.environments.docker.engine import WORKSPACE
from tests.compute.ssh.team import COUNTING, Team, lines
from tests.environments.conda.conftest import channel, package_cache  # noqa: F401 - used as fixtures
from tests.environments.docker.conftest import base_image, engine  # noqa: F401
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(cluster, engine):  # noqa: F811
    """Find the containers of the nodes; whatever they made is removed in the end."""

    def ours(listed):
        return [one for one in listed if str(one.labels.get(WORKSPACE, "")).startswith(str(cluster.folder))]

    def containers():
        return ours(engine.containers.list(all=True, ignore_removed=True))

    yield containers
    for one in containers():
        with contextlib.suppress(docker.errors.APIError):
            one.remove(force=True)
    for one in ours(engine.images.list()):
        engine.images.remove(one.id, force=True)


@pytest.fixture
def crew(cluster, tmp_path, made, base_image):  # noqa: F811
    """A team whose runs are in containers."""
    crew = Team(tmp_path / "crew", cluster, send_packages="true")
    crew.boxed = [
        "environment=docker",
        f"environment.base_image={base_image}",
        "environment.spec.packages=['six==1.17.0']",
    ]
    yield crew
    crew.end()
    for one in cluster.machines:
        if not one.processes():
            one.start()
    assert crew.nodes("stop", "--runs").returncode == 0
    crew.nodes("clean")
    wait_for(lambda: not [one for one in made() if one.status == "running"], 30)
    for one in cluster.machines:
        wait_for(lambda one=one: not one.left(), 40)
        assert not list((one.root / "runs").glob("*")), one.name


def test_a_run_is_in_a_container_of_its_node(crew, cluster, made):
    crew.script(
        "import os, six, sys\nfrom azureml.core import Run\nRun.get_context().log('accuracy', 0.5)\n"
        "print(six.__version__, os.path.exists('/.dockerenv'), sys.prefix, open(sys.argv[1]).read())\n"
        "open('outputs/model.txt', 'w').write('a model')\n"
        "model = Run.get_context().register_model('boxed', 'outputs/model.txt', model_framework='Custom')\n"
        "print('version', model.version)\n"
    )
    (crew.folder / "rows.csv").write_text("1,2")
    data = ["data.inputs={rows: {path: rows.csv}}", "job.arguments=['${input:rows}']"]
    done = crew.train(*crew.boxed, *data)
    assert "1.17.0 True /opt/vivero 1,2" in done.stdout and "version 1" in done.stdout
    record = crew.records()[-1]
    assert record["status"] == "completed" and record["finalize"]["metrics"] == {"accuracy": 0.5}
    assert record["prepare"]["environment"]["kind"] == "docker" and record["prepare"]["environment"]["image_id"]
    assert (crew.folders()[-1].outputs / "model.txt").read_text() == "a model"
    assert "six==1.17.0" in crew.folders()[-1].lock_file.read_text()
    again = crew.train(*crew.boxed, *data)
    assert "Building" not in again.stdout
    assert crew.records()[-1]["prepare"]["environment"]["image_id"] == record["prepare"]["environment"]["image_id"]
    assert not made()


def test_a_sweep_has_containers_on_all_nodes(crew, cluster):
    crew.script("import sys, time\ntime.sleep(1.5)\nprint(sys.argv)\n")
    done = crew.train("-m", *crew.boxed, "+job.arguments.n=range(0,6)")
    assert "6 completed" in done.stdout, done.stdout + done.stderr
    assert {record["run"]["host"].split()[0] for record in crew.records()} == {one.name for one in cluster.machines}


def test_cancel_ends_the_container(crew, made):
    crew.script("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    process = crew.begin(*crew.boxed)
    crew.wait_for_log("begun", 60)
    assert len(made()) == 1
    assert crew.vivero("cancel", "latest").returncode == 0
    assert crew.wait_for_end(30)["status"] == "canceled"
    process.communicate()
    wait_for(lambda: not made(), 20)


def test_the_controller_is_killed_and_the_container_goes_on(crew, made):
    crew.script(COUNTING.format(many=40, pause=0.1))
    process = crew.begin(*crew.boxed)
    crew.wait_for_log("line 3", 60)
    process.kill()
    process.communicate()
    assert crew.wait_for_end()["status"] == "completed"
    assert crew.folders()[-1].log.read_text() == lines(40)
    wait_for(lambda: not made(), 20)


def test_too_much_memory_is_said(crew):
    crew.script("x = bytearray(10**9)\nprint(len(x))\n")
    done = crew.train(*crew.boxed, "environment.resources.memory=64m", code=2)
    assert "out of memory: the container's limit is 64m" in done.stdout + done.stderr


def test_who_attends_the_container_is_killed(crew, made):
    crew.script("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    process = crew.begin(*crew.boxed)
    crew.wait_for_log("begun", 60)
    (attendant,) = [pid for pid, line in crew.node().left().items() if "attend.py" in line]
    os.kill(attendant, signal.SIGKILL)
    done = crew._end(process)
    assert done.returncode != 0 and crew.records()[-1]["status"] == "failed"
    wait_for(lambda: not [one for one in made() if one.status == "running"], 30)


def test_a_node_without_an_engine_is_named(crew, cluster):
    machine = cluster.machines[0]
    config = machine.folder / "config"
    before = config.read_text()
    machine.kill()
    try:
        config.write_text(before.replace("SetEnv ", "SetEnv DOCKER_HOST=unix:///nowhere.sock "))
        machine.start()
        crew.script("print('hello')\n")
        done = crew.train(*crew.boxed, "compute.hosts=[node1]", code=2)
        assert "node1: No container engine answers at unix:///nowhere.sock" in done.stdout, done.stdout
        crew.script("import time\ntime.sleep(1)\n")
        done = crew.train("-m", *crew.boxed, "compute.hosts=[node2,node1]", "+job.arguments.n=range(0,4)")
        assert "4 completed" in done.stdout and "node1 is left out: " in done.stdout + done.stderr
    finally:
        machine.kill()
        config.write_text(before)
        machine.start()


def test_a_dockerfile_and_a_relative_mount(crew, engine):  # noqa: F811
    crew.script("print(open('/greeting').read())\n")
    place = crew.folder / "box"
    place.mkdir()
    (place / "greeting").write_text("hello from the context")
    (place / "left.out").write_text("x")
    (place / ".dockerignore").write_text("left.out\n")
    (place / "Dockerfile").write_text("FROM vivero-test-base:bookworm\nCOPY . /\nRUN test ! -e /left.out\n")
    done = crew.train("environment=docker", "environment.dockerfile=box/Dockerfile")
    assert "hello from the context" in done.stdout
    mount = "environment.mounts=[{source: box, target: /box}]"
    refused = crew.train("environment=docker", "environment.dockerfile=box/Dockerfile", mount, code=2)
    assert "environment.mounts: box is relative. Give the path that it has on the nodes" in refused.stdout


def test_conda_packages_on_a_node(crew, cluster, channel, package_cache):  # noqa: F811
    crew.script("import sys, greeting\nprint(sys.prefix, greeting.__file__)\n")
    words = ["environment=conda", "environment.packages=[greeting]", f"environment.channels=[{channel}]"]
    done = crew.train(*words)
    record = crew.records()[-1]
    node = next(one for one in cluster.machines if one.name == record["run"]["host"].split()[0])
    assert f"{node.root}/environments/" in done.stdout and record["prepare"]["environment"]["kind"] == "conda"
    assert "Building" not in crew.train(*words).stdout
