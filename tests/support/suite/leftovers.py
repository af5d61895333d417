"""Finds what a test run may leave on a machine."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.nodes.blocks import is_held

# These live as long as the process that runs the tests, by design of the libraries.
_LIBRARIES = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "loky.backend")


def kept_by_libraries(line: str) -> bool:
    """Return whether a library keeps this process for the process that started it."""
    return any(word in line for word in _LIBRARIES)


@dataclass(frozen=True)
class Traces:
    """The remains of a test run, by kind. Other runs may be active. This run's things name its folder."""

    processes: list[str]
    mounts: list[str]
    namespaces: list[str]
    links: list[str]
    rules: list[str]
    containers: list[str]
    images: list[str]

    @classmethod
    def of(cls, root: str) -> "Traces":
        """Find the remains of every kind."""

        def ours(lines: Iterable[str]) -> list[str]:
            return [line for line in lines if root in line]

        return cls(
            _processes(root),
            ours(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
            _of_dead_clusters(_names(Path("/run/netns"))),
            _of_dead_clusters(_names(Path("/sys/class/net"))),
            _of_dead_clusters(word for line in _lines("iptables", "-S") for word in line.split()),
            ours(_docker("ps", "{{.ID}} {{.Image}} {{json .Config.Labels}} {{json .Mounts}}")),
            ours(_docker("images", "{{.ID}} {{json .RepoTags}} {{json .Config.Labels}}")),
        )

    def lines(self) -> list[str]:
        """Return a line for each remaining thing."""
        return [f"{kind}: {line}" for kind, lines in vars(self).items() for line in lines]

    def end(self) -> None:
        """End or remove the remains, except rules. An interrupted run leaves more than one whose tests fail."""
        for line in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)
        for place in reversed(self.mounts):
            _lines("umount", "--lazy", place)
        for namespace in self.namespaces:
            _lines("ip", "netns", "del", namespace)
        for link in self.links:
            _lines("ip", "link", "del", link)
        for kind, lines in (("container", self.containers), ("image", self.images)):
            for line in lines:
                _lines("docker", kind, "rm", "--force", line.split()[0])


def _of_dead_clusters(names: Iterable[str]) -> list[str]:
    """Return the namespaces and links of clusters that no process holds any more, see `tests.support.nodes.blocks`."""
    dead: list[str] = []
    for name in names if os.getuid() == 0 else ():  # only root creates clusters
        match = re.match(r"vivero(\d+)", name)
        if match and not is_held(int(match[1])):
            dead.append(name)
    return dead


def _processes(root: str) -> list[str]:
    """Return the processes with this run's folder in their variables, except this one and its parents."""
    ancestors = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    processes = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        try:
            line = " ".join(process.info["cmdline"] or ())
            if process.pid not in ancestors and line and process.environ().get("VIVERO_TEST_ROOT") == root:
                processes.append(f"{process.pid} {line[:200]}")
        except psutil.Error:
            continue
    return processes


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []


def _docker(listing: str, template: str) -> list[str]:
    """Return a line for each container or image, from the engine's facts."""
    ids = _lines("docker", listing, "--all", "--quiet", "--no-trunc")
    return _lines("docker", "inspect", "--format", template.replace("{{.ID}}", "{{.Id}}"), *set(ids)) if ids else []


def _lines(*command: str) -> list[str]:
    program = shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        return []
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.splitlines() if done.returncode == 0 else []
