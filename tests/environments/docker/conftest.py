"""A real engine, a base image, and the certainty that nothing of a test stays in it."""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import docker
import pytest

from runner.environments.docker.engine import WORKSPACE, connect
from runner.errors import UserError
from tests.conftest import missing
from tests.waiting import wait_for

BASE = "vivero-test-base:bookworm"


@pytest.fixture(scope="session")
def engine():
    try:
        client = connect()
    except UserError as mistake:
        missing(str(mistake))
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_image(engine):
    """Debian with its Python: see .ci/engine."""
    if not engine.images.list(BASE):
        missing(f"there is no image {BASE}: .ci/engine makes it")
    return BASE


@pytest.fixture
def swept(engine, tmp_path):
    """Find what a test made in the engine, and remove it afterwards."""

    def ours(listed):
        return [one for one in listed if str(one.labels.get(WORKSPACE, "")).startswith(str(tmp_path))]

    def containers():
        return ours(engine.containers.list(all=True, ignore_removed=True))

    before = {one.id for one in engine.images.list(all=True)}
    yield containers
    for one in containers():
        with contextlib.suppress(docker.errors.APIError):  # whoever attends it removes it at this moment
            one.remove(force=True)
    wait_for(lambda: not containers())
    for one in ours(engine.images.list()):
        engine.images.remove(one.id, force=True)
    for one in engine.images.list(filters={"dangling": True}):  # the steps of a Dockerfile that failed
        if one.id not in before:
            engine.images.remove(one.id)


class PrivateEngine:
    """An engine that a test may stop, and whose disk it may fill; it sees no network of the machine's."""

    def __init__(self, folder, disk):
        self.folder, self.disk = folder, disk
        self.address = f"unix://{folder}/docker.sock"
        self.process = None

    def start(self):
        """Start it, and wait until it answers."""
        command = [
            "unshare",
            "--net",
            "dockerd",
            "--host",
            self.address,
            "--data-root",
            str(self.disk),
            "--bridge=none",
            "--iptables=false",
        ]
        command += ["--exec-root", str(self.folder / "exec"), "--pidfile", str(self.folder / "pid")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

        def answers():
            try:
                return docker.DockerClient(self.address)
            except docker.errors.DockerException:
                return None

        return wait_for(answers, 60)

    def stop(self):
        """Stop it as a system does."""
        self.process.terminate()
        self.process.wait(60)


@contextlib.contextmanager
def engine_of_its_own(engine, images, megabytes):
    """Give an engine on a disk of its own that has some of another one's images."""
    if os.getuid() != 0:
        missing("an engine of its own needs root")
    folder = Path(tempfile.mkdtemp(prefix="vivero-engine-"))
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)], check=True)
    private = PrivateEngine(folder, disk)
    try:
        client = private.start()
        for image in images:
            client.images.load(b"".join(engine.images.get(image).save(named=True)))
        yield private
    finally:
        private.stop()
        subprocess.run(["umount", "-R", str(disk)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def private_engine(engine, base_image):
    """Give an engine of its own on a disk of 600 MB, which has the base image."""
    with engine_of_its_own(engine, [base_image], 600) as private:
        yield private


@pytest.fixture
def name():
    """Return a name that no other test has."""
    return f"vivero-test-{secrets.token_hex(4)}"
