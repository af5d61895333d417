"""What may happen to an endpoint that is a container, and what it is kept from."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

from runner.environments.docker.engine import KEY
from runner.layout import Layout
from runner.store.registry import FileRegistry
from tests.contracts.servers_contract import ask, constant
from tests.support.attacks.malicious import Malicious
from tests.support.command_line import CommandLine
from tests.support.engine import BASE, engine_of_its_own
from tests.support.servers.served import PINS, state_of
from tests.support.suite.covered import SERVED_CONTAINERS
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(13, covers=SERVED_CONTAINERS)

DOCKER = ["--set", "kind=docker", "--set", f"base_image={BASE}", "--set", "port=0"]


class Heavy:
    """An estimator that takes 200 MB when it is loaded."""

    def __reduce__(self) -> Any:
        return bytearray, (200 << 20,)


@pytest.fixture
def vivero(command_line: CommandLine, layout: Layout, register_here: Any, swept: Any) -> Iterator[Any]:
    register_here("iris", constant(0), resources={"cpu": 0.5, "memory_gb": 0.5})

    def vivero(*words: str, **variables: Any) -> Any:
        return command_line.vivero(*words, "--workspace", str(layout.root), variables=variables)

    yield vivero
    vivero("stop", "iris")


@pytest.fixture
def deployed(vivero: Any, environment_is_known: Any, swept: Any) -> Any:
    """Deploy the model; return its address, and the container of a role."""
    done = vivero("deploy", "iris", *DOCKER, "--json")
    assert done.returncode == 0, done.stderr

    def container(role: Any) -> Any:
        return next(candidate for candidate in swept() if candidate.labels.get("vivero.role") == role)

    return json.loads(done.stdout)["address"], container


def answers(address: Any) -> bool:
    with contextlib.suppress(OSError):
        return bool(ask(address)[0] == 200)
    return False


def mistake(done: Any) -> Any:
    """Return the line of a mistake, the last one."""
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("error: ")
    return line


def test_the_server_can_write_nowhere_and_call_nobody(deployed: Any, layout: Layout) -> None:
    _, container = deployed
    server, holder = container("server"), container("holder")
    for running in (server, holder):
        made = running.attrs["HostConfig"]
        assert running.attrs["Config"]["User"].partition(":")[0] not in ("", "0", "root")
        assert made["ReadonlyRootfs"] and made["CapDrop"] == ["ALL"] and made["Privileged"] is False
        assert "no-new-privileges:true" in made["SecurityOpt"]
        assert made["RestartPolicy"]["Name"] == "unless-stopped"
    assert server.attrs["HostConfig"]["NetworkMode"] == "none"
    assert server.attrs["HostConfig"]["LogConfig"]["Config"] == {"max-size": str(64 << 20), "max-file": "2"}
    assert (server.attrs["HostConfig"]["NanoCpus"], server.attrs["HostConfig"]["Memory"]) == (5e8, 2**29)
    python = server.attrs["Config"]["Cmd"][0]
    for path in ("/x", "/vivero/models/iris/1/model.joblib", "/vivero/home/endpoint.json", "/vivero/home/keys.json"):
        code, said = server.exec_run([python, "-c", f"open({path!r}, 'a')"])
        assert code == 1 and (b"Read-only" in said or b"denied" in said), said
    code, said = server.exec_run([python, "-c", "import socket; socket.create_connection(('192.0.2.1', 9), 2)"])
    assert code == 1 and b"unreachable" in said
    mounted = {mount["Source"] for mount in server.attrs["Mounts"]}
    assert mounted and all(Path(source).is_relative_to(layout.endpoint("iris").root.resolve()) for source in mounted)
    check = server.attrs["Config"]["Healthcheck"]["Test"]
    assert check[0] == "CMD" and server.exec_run(check[1:])[0] == 0


def test_what_a_server_writes_is_not_followed(deployed: Any, vivero: Any, layout: Layout, tmp_path: Path) -> None:
    """A model that means harm leaves links where this machine reads and writes, as whoever types the commands."""
    _, container = deployed
    server, python = container("server"), container("server").attrs["Config"]["Cmd"][0]
    target = tmp_path / "target"
    target.write_text("mine")
    code = (
        f"import os; os.symlink({str(target)!r}, '/vivero/endpoints/iris/logs/server.log'); "
        f"os.symlink({str(target)!r}, '/vivero/endpoints/iris/states/0.json'); "
        "open('/vivero/endpoints/iris/states/1.json', 'w').write('[not json')"
    )
    assert server.exec_run([python, "-c", code])[0] == 0
    (described,) = json.loads(vivero("endpoints", "--json").stdout)
    assert described["status"] == "serving"
    assert "mine" not in vivero("logs", "iris").stdout
    assert vivero("stop", "iris").returncode == 0
    assert target.read_text() == "mine" and "Serving iris:1" in vivero("logs", "iris").stdout


@pytest.mark.parametrize("code", ["os.mkfifo(log)", "os.mkdir(log); open(log + '/x', 'w')"], ids=["FIFO", "folder"])
def test_what_a_server_puts_in_place_of_its_log_is_not_waited_for(
    code: str, deployed: Any, vivero: Any, layout: Layout
) -> None:
    _, container = deployed
    server, python = container("server"), container("server").attrs["Config"]["Cmd"][0]
    words = f"import os; log = '/vivero/endpoints/iris/logs/server.log'; {code}"
    assert server.exec_run([python, "-c", words])[0] == 0
    assert vivero("stop", "iris").returncode == 0
    assert "Serving iris:1" in vivero("logs", "iris").stdout and layout.endpoint("iris").log.is_file()


@pytest.mark.parametrize("role", ["server", "holder"])
def test_what_is_killed_is_started_again(deployed: Any, vivero: Any, role: str) -> None:
    address, container = deployed
    killed = container(role)
    before = state_of(killed)
    os.kill(before["Pid"], signal.SIGKILL)
    wait_for(lambda: state_of(killed)["StartedAt"] != before["StartedAt"] and state_of(killed)["Running"], 60)
    wait_for(lambda: answers(address), 60)
    described = wait_for(lambda: json.loads(vivero("endpoints", "--json").stdout))
    assert described[0]["status"] == "serving"


def test_too_little_memory_is_said(vivero: Any, environment_is_known: Any, register_here: Any, swept: Any) -> None:
    register_here("heavy", Heavy())
    said = mistake(vivero("deploy", "heavy", *DOCKER, "--set", "memory=120m"))
    assert "heavy was not started: out of memory: its limit is 120 MiB" in said
    assert [container for container in swept() if container.labels.get("vivero.endpoint") == "heavy"] == []
    assert json.loads(vivero("endpoints", "--json").stdout) == []


def test_a_model_that_was_changed_on_disk_is_not_packed(
    vivero: Any, serving_environment: Any, layout: Layout, tmp_path: Path, swept: Any
) -> None:
    mark = tmp_path / "mark"
    joblib.dump(Malicious(mark), layout.model("iris") / "1" / "model.joblib")
    assert "has changed since it was registered" in mistake(vivero("deploy", "iris", *DOCKER))
    assert not mark.exists() and swept() == []


def test_a_model_that_was_changed_in_its_image_is_not_loaded(
    deployed: Any, vivero: Any, engine: Any, tmp_path: Path
) -> None:
    """Somebody gives another image the name and the label of ours: the server looks at the bytes it loads."""
    name, mark = deployed[1]("server").attrs["Config"]["Image"], tmp_path / "mark"
    vivero("stop", "iris")
    dumped = io.BytesIO()
    joblib.dump(Malicious(mark), dumped)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        entry = tarfile.TarInfo("model.joblib")
        entry.size = len(dumped.getvalue())
        packed.addfile(entry, io.BytesIO(dumped.getvalue()))
    image = engine.images.get(name)
    container = engine.containers.create(name, labels=image.labels)
    container.put_archive("/vivero/models/iris/1", archive.getvalue())
    repository, _, tag = name.rpartition(":")
    container.commit(repository, tag)
    container.remove()
    assert engine.images.get(name).labels[KEY] == image.labels[KEY] and engine.images.get(name).id != image.id
    said = mistake(vivero("deploy", "iris"))
    assert "was not started" in said and "has changed since it was registered" in said
    assert not mark.exists()


def test_no_engine(vivero: Any) -> None:
    nowhere = "unix:///nowhere/docker.sock"
    assert f"No container engine answers at {nowhere}" in mistake(
        vivero("deploy", "iris", *DOCKER, DOCKER_HOST=nowhere)
    )


def test_a_package_that_cannot_be_had_is_named(vivero: Any, base_image: Any, register: Any, swept: Any) -> None:
    register("odd", constant(0), lock="no-such-package-of-ours==1.0\n", python_version="3.11.2")
    assert "no-such-package-of-ours" in mistake(vivero("deploy", "odd", *DOCKER))
    assert swept() == []


def test_a_base_image_of_another_python_is_refused(vivero: Any, base_image: Any, register: Any) -> None:
    register("odd", constant(0), lock="six==1.16.0\n", python_version="3.12.1")
    assert "environment.spec.python=3.12, but" in mistake(vivero("deploy", "odd", *DOCKER))


@pytest.mark.parametrize(
    "word",
    [
        "base_image=x; touch MARK",
        "base_image=$(touch MARK)",
        "base_image=--privileged",
        "base_image='a\nRUN touch MARK'",
        "network=host --privileged",
        "network=none",
        "memory=1g; touch MARK",
        "memory=-1",
        "restart=always; touch MARK",
        "cpu=0",
        "host=0.0.0.0:80",
        "name=../../x",
        "allow_version_mismatch=true",
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_made(
    vivero: Any, swept: Any, word: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    done = vivero("deploy", "iris", *DOCKER, "--set", word.replace("MARK", str(mark)))
    assert word.partition("=")[0] in mistake(done) or "endpoint name" in mistake(done)
    assert swept() == [] and not mark.exists()


def test_settings_of_containers_are_refused_for_processes(vivero: Any) -> None:
    assert "kind=docker" in mistake(vivero("deploy", "iris", "--set", "memory=1g"))


def test_what_it_cannot_do_is_refused(deployed: Any, vivero: Any, register_here: Any, layout: Layout) -> None:
    register_here("iris", constant(1))
    FileRegistry(layout).set_alias("iris", "champion", 2)
    for words, expected in (
        (["iris@champion"], "cannot follow an alias"),
        (["iris:2", "--weight", "0.5"], "one version"),
        (["iris:2", "--mirror"], "one version"),
        (["iris", "--set", "workers=2"], "is running, so its settings cannot be changed"),
    ):
        assert expected in mistake(vivero("deploy", *words))
    assert ask(deployed[0]) == (200, "iris:1", [0])
    (described,) = json.loads(vivero("endpoints", "--json", DOCKER_HOST="unix:///nowhere/docker.sock").stdout)
    assert described["status"] == "unknown" and "No container engine answers" in described["problem"]


def test_what_a_cut_off_start_has_left_is_removed_by_the_next(deployed: Any, vivero: Any, swept: Any) -> None:
    """The server is gone, its holder has the address still."""
    address, container = deployed
    container("server").remove(force=True)
    (described,) = json.loads(vivero("endpoints", "--json").stdout)
    assert described["status"] == "stopped"
    done = vivero("deploy", "iris")
    assert done.returncode == 0, done.stderr
    assert answers(address) and len(swept()) == 2


def test_prune_removes_images_that_no_endpoint_serves(
    deployed: Any, vivero: Any, register_here: Any, engine: Any
) -> None:
    first = deployed[1]("server").attrs["Config"]["Image"]
    register_here("iris", constant(1))
    assert vivero("deploy", "iris:2").returncode == 0

    def images(*more: str) -> Any:
        return json.loads(vivero("environments", "prune", "--json", *more).stdout)["images"]

    assert images() == []  # the holder is of the first image still
    pruned = json.loads(vivero("environments", "prune", "--json").stdout)
    assert pruned["removed"] == []  # the image of their environment is needed by the next version too
    vivero("stop", "iris")
    assert vivero("deploy", "iris:2").returncode == 0
    assert images("--dry-run") == [first] and images() == [first] and images() == []
    assert engine.images.list(first) == [] and answers(deployed[0])
    back = vivero("rollback", "iris", "--json")
    assert back.returncode == 0 and ask(deployed[0])[1] == "iris:1"


def test_from_training_to_a_container_in_one_command(
    command_line: CommandLine, serving_environment: Any, swept: Any
) -> None:
    """The container is healthy for the engine too, and a second run goes over."""
    command_line.script(
        "import os, joblib, sys\n"
        "from sklearn.dummy import DummyClassifier\n"
        "os.makedirs('outputs', exist_ok=True)\n"
        "model = DummyClassifier(strategy='constant', constant=int(sys.argv[-1])).fit([[0], [1]], [0, 1])\n"
        "joblib.dump(model, 'outputs/model.joblib')\n"
    )
    words = ["environment=venv", f"environment.packages={PINS}", "model.path=outputs/model.joblib"]
    words += ["model.name=made", "+endpoint=docker", f"endpoint.base_image={BASE}", "endpoint.port=0"]
    try:
        for number in (0, 1):
            done = command_line.job(*words, f"+job.arguments.label={number}")
            assert done.returncode == 0, done.stderr + done.stdout
            assert "http://127.0.0.1:" in done.stdout
        (described,) = json.loads(command_line.vivero("endpoints", "--json").stdout)
        assert described["status"] == "serving" and described["models"][0]["version"] == 2
        server = next(container for container in swept() if container.labels.get("vivero.role") == "server")
        wait_for(lambda: state_of(server)["Health"]["Status"] == "healthy", 30)
    finally:
        command_line.vivero("stop", "made")


@pytest.mark.parametrize(
    ("words", "what", "code"),
    [
        (["+endpoint=docker", "endpoint.memory=much"], "endpoint.memory='much' is not valid", 1),
        (["+endpoint=docker", "model.name=null"], "the run registers no model to serve", 1),
        (["+endpoint=local", "endpoint.name=../x"], "cannot be an endpoint name", 1),
        (["+endpoint=docker", "endpoint.base_image=no-such-image-of-ours:1"], "no-such-image-of-ours:1", 2),
        (["+endpoint=docker", "DOCKER_HOST"], "No container engine answers", 2),
        (["+endpoint=local", "endpoint.port=PORT"], "is in use", 2),
    ],
)
def test_what_could_not_be_deployed_is_said_before_the_script_runs(
    command_line: CommandLine, base_image: Any, words: Any, what: str, code: int
) -> None:
    command_line.script("print('the script ran')\n")
    variables = {"DOCKER_HOST": "unix:///nowhere/docker.sock"} if "DOCKER_HOST" in words else {}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = [word.replace("PORT", str(taken.getsockname()[1])) for word in words if word != "DOCKER_HOST"]
        done = command_line.job("model.name=made", "endpoint.port=0", *words, variables=variables)
    assert done.returncode == code and what in done.stdout + done.stderr, done.stdout + done.stderr
    assert "the script ran" not in done.stdout


def test_an_engine_that_is_started_anew_brings_the_endpoint_back(
    command_line: CommandLine,
    layout: Layout,
    register_here: Any,
    serving_environment: Any,
    environment_is_known: Any,
    engine: Any,
) -> None:
    register_here("iris", constant(0))
    _, handle = serving_environment
    with engine_of_its_own(engine, [BASE, handle.record.image], 1500) as private:

        def vivero(*words: str) -> Any:
            inside = ["nsenter", "--net", f"--target={private.process.pid}"]
            process = command_line.start(
                "runner.cli", *words, "--workspace", str(layout.root), "--json",
                before=inside, variables={"DOCKER_HOST": private.address},
            )  # fmt: skip
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err.decode()
            return json.loads(out)

        subprocess.run(
            ["nsenter", "--net", f"--target={private.process.pid}", "ip", "link", "set", "lo", "up"], check=True
        )
        vivero("deploy", "iris", *DOCKER, "--set", "network=host")
        private.stop()
        private.start()
        subprocess.run(
            ["nsenter", "--net", f"--target={private.process.pid}", "ip", "link", "set", "lo", "up"], check=True
        )
        wait_for(lambda: vivero("endpoints")[0]["status"] == "serving", 60)
        vivero("stop", "iris")
