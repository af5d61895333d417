"""Machines for tests: each a network namespace with a real sshd, a link that can be cut, a folder of its own."""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from tests.conftest import missing
from tests.waiting import wait_for


def _run(*words):
    subprocess.run(words, check=True, capture_output=True)


def _certificates():
    """Return whom a node trusts, where this machine was told so by a variable."""
    path = os.environ.get("SSL_CERT_FILE")
    return f" SSL_CERT_FILE={path}" if path else ""


def _free_block():
    """Return the beginning of addresses that nothing on this machine has: another test may run beside this one."""
    taken = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, text=True, check=True).stdout
    while True:
        block = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(250)}"
        if f" {block}." not in taken:
            return block


def _undo(*words):
    while subprocess.run(words, capture_output=True, check=False).returncode == 0:
        continue


_BETWEEN = (("FORWARD", "-i"), ("FORWARD", "-o"))  # machines reach each other through this one
_WAYS = (("INPUT", "-i"), ("OUTPUT", "-o"), *_BETWEEN)


class Machine:
    """One node: reached at its address, as ourselves, by the cluster's key."""

    serving = ("sshd",)  # in the command lines of what the node is reached by

    def __init__(self, cluster, name, number):
        self.cluster, self.name = cluster, name
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.root = self.folder / ".vivero-node"
        self.address, self.gateway = f"{cluster.block}.{number * 4 + 2}", f"{cluster.block}.{number * 4 + 1}"
        self.space = f"vv{secrets.token_hex(4)}"
        self.link = f"{self.space}h"
        self.process = None
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "host")], check=True)
        (self.folder / "config").write_text(
            f"Port 22\nListenAddress {self.address}\nHostKey {self.folder}/host\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {cluster.folder}/user.pub\nPasswordAuthentication no\nUsePAM no\n"
            f"PermitRootLogin yes\nMaxStartups 100\nMaxSessions 100\n"
            f"SetEnv HOME={self.folder}{_certificates()}\n"
        )
        _run("ip", "netns", "add", self.space)
        _run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        _run("ip", "addr", "add", f"{self.gateway}/30", "dev", self.link)
        _run("ip", "link", "set", self.link, "up")
        for words in (("addr", "add", f"{self.address}/30", "dev", "eth0"), ("link", "set", "eth0", "up"),
                      ("link", "set", "lo", "up"), ("route", "add", "default", "via", self.gateway)):  # fmt: skip
            _run("ip", "-n", self.space, *words)
        for words in _BETWEEN:
            _run("iptables", "-I", *words, self.link, "-j", "ACCEPT")
        self.start()

    def start(self):
        """Start its sshd."""
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.space, program, "-D", "-e", "-f", str(self.folder / "config")], stderr=log
            )
        wait_for(lambda: "listening" in (self.folder / "log").read_text())

    def processes(self):
        """Return the processes that are in its network."""
        done = subprocess.run(["ip", "netns", "pids", self.space], capture_output=True, text=True, check=False)
        return [int(word) for word in done.stdout.split()]

    def left(self):
        """Return what is there beside its sshd, with the command lines."""
        lines = {pid: self.line(pid) for pid in self.processes()}
        return {pid: line for pid, line in lines.items() if line and not any(word in line for word in self.serving)}

    @staticmethod
    def line(pid):
        """Return a process's command line, nothing if it has ended."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""

    def kill(self):
        """Kill all its processes at once, as a power cut does."""
        while pids := self.processes():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def cut(self):
        """Cut its link: nothing is answered, nothing refused."""
        for words in _WAYS:
            _run("iptables", "-I", *words, self.link, "-j", "DROP")

    def mend(self):
        """Undo the cut."""
        for words in _WAYS:
            _undo("iptables", "-D", *words, self.link, "-j", "DROP")

    def remove(self):
        """Take it away with all that runs there."""
        self.mend()
        for words in _BETWEEN:
            _undo("iptables", "-D", *words, self.link, "-j", "ACCEPT")
        self.kill()
        subprocess.run(["ip", "link", "del", self.link], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self.space], capture_output=True, check=False)


class Cluster:
    """Several machines, and a home folder whose ``.ssh`` knows them."""

    kind, machine = "ssh", Machine

    def settings(self):
        """Return what the compute's file says unless a test says something else."""
        return {"hosts": f"[{', '.join(one.name for one in self.machines)}]", "slots": 2}

    def __init__(self, folder, count=3):
        for program in ("ip", "iptables", "ssh-keygen"):
            if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
                missing(f"there is no {program}")
        if os.getuid() != 0:
            missing("machines of their own networks take root")
        self.folder, self.block = folder, _free_block()
        Path("/run/sshd").mkdir(exist_ok=True)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "user")], check=True)
        self.home = folder / "home"
        (self.home / ".ssh").mkdir(parents=True)
        self.machines = []
        self.prepare()
        for number in range(count):
            self.machines.append(self.machine(self, f"node{number + 1}", number))
        self.write_config()

    def prepare(self):
        """Begin what the machines need beside themselves."""

    def settle(self):
        """Wait until all machines are reached that were started."""

    def write_config(self):
        """Write what OpenSSH's clients read: a name for each machine, its key."""
        ssh = self.home / ".ssh"
        (ssh / "config").write_text(
            "".join(
                f"Host {one.name}\n HostName {one.address}\n User {getpass.getuser()}\n IdentitiesOnly yes\n"
                f" IdentityFile {self.folder}/user\n UserKnownHostsFile {ssh}/known_hosts\n ConnectTimeout 3\n"
                for one in self.machines
            )
        )
        (ssh / "known_hosts").write_text(
            "".join(f"{one.address} {(one.folder / 'host.pub').read_text()}" for one in self.machines)
        )

    def compute(self, folder, **settings):
        """Write ``compute/lab.yaml`` into a folder for ``--config-dir`` and return the words that choose it."""
        below = folder / "conf" / "compute"
        below.mkdir(parents=True, exist_ok=True)
        lines = {**self.settings(), **settings}
        text = f"defaults:\n  - /schema/compute/{self.kind}@_here_\n  - _self_\n" + "".join(
            f"{name}: {value}\n" for name, value in lines.items()
        )
        (below / "lab.yaml").write_text(text)
        return ["--config-dir", str(folder / "conf"), "compute=lab"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.machines:
            one.remove()
