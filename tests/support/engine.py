"""A separate container engine for tests, and the image that tests are based on."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker

from runner.environments.docker.engine import WORKSPACE
from tests.support.components import missing
from tests.support.waiting import wait_for

BASE = "vivero-test-base:bookworm"


def images_of(engine: Any, place: Path) -> dict[str, Any]:
    """Return the labels of the images of workspaces in a folder, by image id. Other images may come and go."""
    images = engine.api.images(filters={"label": WORKSPACE})
    return {image["Id"]: image["Labels"] for image in images if image["Labels"][WORKSPACE].startswith(str(place))}


class PrivateEngine:
    """An engine that a test may stop and whose disk it may fill. It has no access to the machine's networks."""

    def __init__(self, folder: Path, disk: Any) -> None:
        self.folder, self.disk = folder, disk
        self.address = f"unix://{folder}/docker.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Any:
        """Start the engine and wait until it answers."""
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

        def answers() -> Any:
            try:
                return docker.DockerClient(self.address)
            except docker.errors.DockerException:
                return None

        return wait_for(answers, 60)

    def stop(self) -> None:
        """Stop the engine as a system does."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)


@contextlib.contextmanager
def engine_of_its_own(engine: Any, images: Any, megabytes: Any) -> Iterator[Any]:
    """Yield an engine on a separate disk with some of another engine's images."""
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
        subprocess.run(["umount", f"{folder}/exec/netns/default"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
