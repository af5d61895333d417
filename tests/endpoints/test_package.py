"""``vivero package``: what it writes is built and served by an engine alone."""

import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pytest

from runner.environments.docker.engine import KIND, WORKSPACE
from runner.environments.requirements.wheel_store import WheelStore
from runner.layout import Layout
from tests.contracts.servers_contract import ask, constant
from tests.support.attacks.malicious import Malicious
from tests.support.command_line import CommandLine
from tests.support.engine import BASE
from tests.support.projects import write_project
from tests.support.servers.served import LOCK
from tests.support.suite.covered import SERVED_CONTAINERS
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(3, covers=SERVED_CONTAINERS)

_AUTHORITIES = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture
def vivero(command_line: CommandLine, layout: Layout, register: Any, tmp_path: Path) -> Any:
    """Commands on a workspace with a model that needs a package which no index has."""
    kept = WheelStore(layout).build(write_project(tmp_path / "mine"), (), print)
    lock = f"{LOCK}{kept.name}=={kept.version} \\\n    --hash=sha256:{kept.sha256}\n"
    example = {"data": [[1.0, 2.0, 3.0, 4.0]]}
    register("Iris.Model", constant(1), example=example, lock=lock, python_version=platform.python_version())
    return lambda *words: command_line.vivero(*words, "--workspace", str(layout.root))


@pytest.fixture
def base_with_certificates(engine: Any, base_image: Any, tmp_path: Path, swept: Any) -> Any:
    """An image that a build can reach a package index from, wherever the tests run."""
    context = tmp_path / "context"
    context.mkdir()
    shutil.copyfile(_AUTHORITIES, context / "certificates.pem")
    (context / "Dockerfile").write_text(
        f"FROM {BASE}\nCOPY certificates.pem /certificates.pem\nENV PIP_CERT=/certificates.pem\n"
    )
    tag = f"vivero-test:{secrets.token_hex(4)}"
    engine.images.build(path=str(context), tag=tag, labels={WORKSPACE: str(tmp_path), KIND: "test"}, rm=True)
    return tag


@pytest.mark.slow("pip downloads packages into an image", seconds=90)
def test_what_is_written_is_built_and_served_elsewhere(
    vivero: Any, engine: Any, base_with_certificates: Any, tmp_path: Path, swept: Any
) -> None:
    """Under an umask that lets a group write, as some have it; and as the README says, read-only and without rights."""
    before = os.umask(0o002)
    try:
        done = vivero(
            "package", "Iris.Model", "--output", str(tmp_path / "out"), "--set", f"base_image={base_with_certificates}"
        )
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out"
    assert sorted(entry.name for entry in folder.iterdir()) == [
        "Dockerfile", "README.md", "requirements.lock", "vivero", "wheels"
    ]  # fmt: skip
    labels = {WORKSPACE: str(tmp_path), KIND: "test"}
    image, _ = engine.images.build(path=str(folder), labels=labels, rm=True)
    keys = tmp_path / "keys"
    keys.write_text("first-key\nsecond-key\n")
    container = engine.containers.run(
        image.id, detach=True, read_only=True, tmpfs={"/tmp": ""}, cap_drop=["ALL"], labels=labels,
        ports={"5001/tcp": ("127.0.0.1", None)},
        volumes={str(keys): {"bind": "/run/secrets/vivero-keys", "mode": "ro"}},
    )  # fmt: skip
    port = wait_for(lambda: container.reload() or container.ports.get("5001/tcp"), 20)[0]["HostPort"]
    address = f"http://127.0.0.1:{port}"

    def answer() -> Any:
        try:
            return ask(address, "first-key")
        except OSError:
            return None

    assert wait_for(answer, 30) == (200, "Iris.Model:1", [1])
    assert container.exec_run(["/opt/vivero/bin/python", "-c", "import scores"]).exit_code == 0
    assert ask(address, "second-key")[0] == 200 and ask(address)[0] == 401 and ask(address, "third-key")[0] == 401
    wait_for(lambda: container.reload() or container.attrs["State"]["Health"]["Status"] == "healthy", 30)
    assert container.attrs["Config"]["User"] == "10001:10001"
    container.stop(timeout=20)
    assert container.wait()["StatusCode"] == 0
    assert b"first-key" not in b"".join(image.save())


def test_without_keys_it_does_not_serve(
    serving_environment: Any, vivero: Any, engine: Any, layout: Layout, tmp_path: Path, swept: Any
) -> None:
    """The image of an endpoint by itself is the same: it asks for keys, as anything that listens beyond loopback."""
    made = vivero("deploy", "Iris.Model", "--set", "kind=docker", "--set", f"base_image={BASE}", "--set", "port=0")
    assert made.returncode == 0, made.stderr
    vivero("stop", "Iris.Model")
    image = json.loads(layout.endpoint("Iris.Model").record.read_bytes())["image"]
    assert image.startswith("vivero-endpoint/iris-model:1-")
    labels = {WORKSPACE: str(tmp_path), KIND: "test"}
    container = engine.containers.run(image, detach=True, network_mode="none", labels=labels)
    assert container.wait(timeout=60)["StatusCode"] == 1
    said = container.logs().decode()
    assert said.startswith("error: This container needs keys") and "Traceback" not in said


def test_its_readme_says_how_it_is_asked(vivero: Any, tmp_path: Path) -> None:
    assert vivero("package", "Iris.Model:1", "--output", str(tmp_path / "a")).returncode == 0
    text = (tmp_path / "a" / "README.md").read_text()
    assert "[[1.0, 2.0, 3.0, 4.0]]" in text and "Bearer" in text and "docker build -t iris-model ." in text
    assert vivero("package", "Iris.Model", "--output", str(tmp_path / "b"), "--set", "auth=none").returncode == 0
    text = (tmp_path / "b" / "README.md").read_text()
    assert "Bearer" not in text and "keys" not in text
    lock = (tmp_path / "a" / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock and "flask==" in lock and "scikit-learn==" in lock


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["Iris.Model:7"], "has no version"),
        (["Iris.Model", "--set", "port=80"], "port cannot be set for a package"),
        (["Iris.Model", "--set", "workrs=2"], "workers"),
        (["Iris.Model", "--set", "base_image=a\nRUN evil"], "base_image"),
        (["Iris.Model", "--output", "full"], "not empty"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    vivero: Any, command_line: CommandLine, words: Any, what: str
) -> None:
    full = command_line.folder / "full"
    full.mkdir()
    (full / "mine").touch()
    done = vivero("package", *words)
    assert done.returncode == 1 and what in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert [entry.name for entry in command_line.folder.iterdir()] == ["full"] and [*full.iterdir()] == [full / "mine"]


def test_a_changed_model_is_not_packaged(
    vivero: Any, layout: Layout, command_line: CommandLine, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    joblib.dump(Malicious(mark), layout.model("Iris.Model") / "1" / "model.joblib")
    done = vivero("package", "Iris.Model")
    assert done.returncode == 1 and "has changed since it was registered" in done.stderr
    assert list(command_line.folder.iterdir()) == [] and not mark.exists()


def test_the_source_needs_nothing_else_of_this_project(tmp_path: Path, vivero: Any) -> None:
    """Every module of it is imported, from the folder alone."""
    assert vivero("package", "Iris.Model", "--output", str(tmp_path / "out")).returncode == 0
    source = tmp_path / "out" / "vivero" / "source"
    modules = [".".join(path.relative_to(source).with_suffix("").parts) for path in Path(source).rglob("*.py")]
    modules = [module for module in modules if not module.endswith(("__init__", "onnx"))]
    code = f"import importlib\nfound = [importlib.import_module(name) for name in {modules!r}]\n"
    code += f"assert all(one.__file__.startswith({str(source)!r}) for one in found)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
