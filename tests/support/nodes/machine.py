"""A machine for tests, which shares only kernel and cores with this one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from tests.support.nodes.network import Link, Network
from tests.support.nodes.tree import node_tree
from tests.support.waiting import wait_for

_BOOT = Path(__file__).with_name("boot.sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_IDLE = ("tini -- ", "sleep infinity")


class Machine:
    """One node: its own file system, processes, network and host name, and a user ``ml`` with a home.

    Its disk outlives `kill`, as a disk does.
    """

    user, home = "ml", Path("/home/ml")
    uid = 1000
    serving: tuple[str, ...] = ()  # words in the command lines of the processes through which the node is reached
    layers: tuple[Path, ...] = ()  # file trees on top of the one that all nodes share

    def __init__(self, name: str, folder: Path, network: Network, number: int) -> None:
        self.name = self.host_name = name
        self.folder = folder
        for part in ("upper", "work", "root", "docker"):
            (folder / part).mkdir(parents=True)
        self.link = Link(network, number)
        self.address = self.link.address
        self._first: subprocess.Popen[Any] | None = None
        self._pid = 0
        self._programs: list[subprocess.Popen[bytes]] = []

    @property
    def is_up(self) -> bool:
        """Return whether it is running."""
        return self._first is not None

    def start(self) -> None:
        """Boot the node, and start the service through which it is reached."""
        self.boot()
        self.serve()

    def boot(self) -> None:
        """Start the first process. When this returns, the process has its own file systems."""
        layers = ":".join(str(layer) for layer in (*self.layers, node_tree()))
        with self._log() as log:
            self._first = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/run/netns/{self.link.space}",
                 "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--propagation", "private",
                 "sh", str(_BOOT), self.host_name, layers, str(self.folder)],
                env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True, start_new_session=True,
            )  # fmt: skip
        assert self._first.stdout is not None
        line = self._first.stdout.readline()
        self._first.stdout.close()
        if not line:
            self.kill()
            raise AssertionError(f"{self.name} does not boot: {self._log_path.read_text()[-2000:]}")
        self._pid = int(line)

    def serve(self) -> None:
        """Start the service through which the node is reached, and wait until it answers."""
        raise NotImplementedError

    def start_program(self, *words: str, user: str = "root") -> subprocess.Popen[bytes]:
        """Start a program on the node. Its output goes to the node's log."""
        with self._log() as log:
            program = subprocess.Popen(
                self.words(*words, user=user), env=self._variables(user), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        self._programs.append(program)
        return program

    def run(self, *words: str, user: str = "root") -> str:
        """Run a program on the node and return its output."""
        done = subprocess.run(
            self.words(*words, user=user), env=self._variables(user), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def words(self, *words: str, user: str = "root") -> list[str]:
        """Return a command that runs a program on the node."""
        assert self.is_up, f"{self.name} is down"
        become = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return ["nsenter", f"--target={self._pid}", "--all", "env", f"--chdir={self._home(user)}", *become, *words]

    def _home(self, user: str) -> str:
        return "/root" if user == "root" else str(self.home)

    def _variables(self, user: str) -> dict[str, str]:
        return {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": self._home(user), "USER": user, "LOGNAME": user}

    def path(self, inner: str | Path) -> Path:
        """Return the path of a node's file on this machine. Relative paths start at the home of its user."""
        assert self.is_up, f"{self.name} is down"
        return Path(f"/proc/{self._pid}/root") / (self.home / inner).relative_to("/")

    @property
    def root(self) -> Path:
        """Return the path on this machine of the node's folder for runs."""
        return self.path(".vivero-node")

    def copy(self, folder: Path, inner: str | Path) -> None:
        """Copy a local folder to the node, for the node's user."""
        shutil.copytree(folder, self.path(inner), dirs_exist_ok=True)
        self.run("chown", "-R", f"{self.user}:", str(inner))

    def new_folder(self, inner: str) -> Path:
        """Create a folder for the node's user, and return its path on this machine."""
        self.run("mkdir", "-p", inner, user=self.user)
        return self.path(inner)

    def write(self, inner: str | Path, text: str, *, mode: int = 0o644, user: str = "root") -> None:
        """Write a file of the node before its first start."""
        path = self.folder / "upper" / (self.home / inner).relative_to("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        if user == self.user:
            home = self.folder / "upper" / self.home.relative_to("/")
            for folder in (path, *(above for above in path.parents if above.is_relative_to(home))):
                os.chown(folder, self.uid, self.uid)

    def processes(self) -> list[int]:
        """Return the pids on this machine of the node's processes, except its first two."""
        if not self.is_up:
            return []
        return [pid for pid in _in_namespace(f"/proc/{self._pid}/ns/pid") if not self._is_idle(pid)]

    def _is_idle(self, pid: int) -> bool:
        return any(word in self.line(pid) for word in _IDLE)

    def number_here(self, pid: int) -> int:
        """Return the pid on this machine of a node's process, or 0 if it has ended."""
        for here in self.processes():
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{here}/status").read_text()
                if status.partition("NSpid:")[2].splitlines()[0].split()[-1] == str(pid):
                    return here
        return 0

    def left(self) -> dict[int, str]:
        """Return the command lines of the processes other than those through which the node is reached."""
        lines = {pid: self.line(pid) for pid in self.processes()}
        return {pid: line for pid, line in lines.items() if line and not any(word in line for word in self.serving)}

    def pids(self, word: str) -> list[int]:
        """Return the processes with a word in their command lines."""
        return [pid for pid, line in self.left().items() if word in line]

    def is_without(self, word: str) -> bool:
        """Return whether no process has a word in its command line. The empty word is in all."""
        return not self.pids(word)

    def end_left(self) -> None:
        """Kill the processes other than those through which the node is reached."""
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @staticmethod
    def line(pid: int) -> str:
        """Return a process's command line, or nothing if it has ended."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""

    def kill(self) -> None:
        """Kill all processes at once, as a power cut does."""
        if self._first is None:
            return
        if self._pid and self._first.poll() is None:  # otherwise the pid may be reused by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        else:
            self._first.kill()
        for program in (self._first, *self._programs):
            program.wait(20)
        self._first, self._pid = None, 0
        self._programs.clear()

    def cut(self) -> None:
        """Cut the link. Packets are neither answered nor refused."""
        self.link.cut()

    def mend(self) -> None:
        """Restore the link."""
        self.link.mend()

    @property
    def _log_path(self) -> Path:
        return self.folder / "log"

    def _log(self) -> IO[bytes]:
        return self._log_path.open("ab")


def _in_namespace(namespace: str) -> Iterable[int]:
    """Yield the processes in a namespace."""
    wanted = Path(namespace).readlink()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "ns" / "pid").readlink() == wanted:
                    yield int(entry.name)


class SshMachine(Machine):
    """A node that its user reaches over SSH with the cluster's key."""

    serving = ("sshd", "dockerd", "containerd")
    _listening = "/var/log/sshd"

    def __init__(self, name: str, folder: Path, network: Network, number: int, key: str) -> None:
        super().__init__(name, folder, network, number)
        host = folder / "host"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(host)], check=True)
        self.public_key = (folder / "host.pub").read_text()
        self.write("/etc/ssh/ssh_host_ed25519_key", host.read_text(), mode=0o600)
        self.write(
            "/etc/ssh/sshd_config",
            "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication no\nPermitRootLogin no\n"
            "MaxStartups 100\nMaxSessions 100\n"
            "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys_%u\n",
        )
        self.write(self.authorized, key, user=self.user)

    authorized = ".ssh/authorized_keys"

    def serve(self) -> None:
        """Start the sshd."""
        log = self.path(self._listening)
        log.unlink(missing_ok=True)
        self.run("/usr/sbin/sshd", "-E", self._listening)
        wait_for(lambda: log.exists() and "listening" in log.read_text())

    @contextlib.contextmanager
    def variables(self, variables: Mapping[str, str]) -> Iterator[None]:
        """Let sshd set variables for every login, as an administrator does."""
        settings = self.path("/etc/ssh/sshd_config.d/variables.conf")
        settings.write_text("SetEnv " + " ".join(f"{name}={value}" for name, value in variables.items()) + "\n")
        self.restart_sshd()
        try:
            yield
        finally:
            settings.unlink()
            self.restart_sshd()

    def restart_sshd(self) -> None:
        """Restart the listening sshd with its current settings. Existing logins stay."""
        for pid in self.pids_of_sshd():
            os.kill(pid, signal.SIGTERM)
        self.serve()

    def pids_of_sshd(self) -> list[int]:
        """Return the listening process."""
        return [pid for pid in self.processes() if "[listener]" in self.line(pid)]
