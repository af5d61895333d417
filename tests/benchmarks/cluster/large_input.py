"""A large input on a node: sent, cut in the middle and resumed, then there already; and the memory that it took.

``python -m tests.benchmarks.cluster.large_input [--gigabytes 10]``, as root, with three times as much free disk. The
link is cut once about half of the file has arrived. The memory is the peak of any of our processes, here and on the
node, whose scripts only look at the size of the file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from tests.support.nodes.cluster import SshCluster
from tests.support.nodes.team import LOST, Team

LIMIT = 150  # MB of memory
_BLOCK = 1 << 20
SCRIPT = """
import os, sys
print("size", os.path.getsize(sys.argv[1]))
"""


class Peak:
    """The largest memory of a process of the user and of the node while the block runs, sampled from the kernel."""

    def __init__(self, cluster: SshCluster) -> None:
        self.megabytes, self.command = 0.0, ""
        self._folder = str(cluster.folder).encode()  # in the variables of all of them
        self._before, self._over = set(_pids()), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            for pid in set(_pids()) - self._before:
                self._look(pid)

    def _look(self, pid: int) -> None:
        try:
            status, command, variables = (
                Path(f"/proc/{pid}/{name}").read_bytes() for name in ("status", "cmdline", "environ")
            )
        except OSError:  # it has ended
            return
        peak = next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(b"VmHWM")), 0.0)
        if peak > self.megabytes and (self._folder in command or self._folder in variables):
            self.megabytes, self.command = peak, command.replace(b"\0", b" ").decode(errors="replace")[:100]


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def make(path: Path, gigabytes: float) -> None:
    """Write a file that does not compress."""
    with path.open("wb") as file:
        for _ in range(int(gigabytes * 1024)):
            file.write(os.urandom(_BLOCK))


def run(team: Team, cluster: SshCluster, path: Path, name: str, *, cut_after: int | None = None) -> None:
    """Run the script with the file as an input, and print the time, what was sent and the memory."""
    before, begun = cluster.received(), time.monotonic()
    with Peak(cluster) as peak:
        process = team.begin("+job.arguments=['${input:big}']", f"data.inputs.big={path}", *LOST)
        if cut_after is not None:
            _cut(team, cluster, before + cut_after)
        done = team.finish(process, seconds=3600)
    if done.returncode != 0 or f"size {path.stat().st_size}" not in team.folders()[-1].log.read_text():
        raise SystemExit(done.stdout + done.stderr)
    sent = (cluster.received() - before) / 1e9
    print(
        f"  {name:<34} {time.monotonic() - begun:7.1f} s   sent {sent:6.2f} GB"
        f"   memory {peak.megabytes:4.0f} MB {'(met)' if peak.megabytes < LIMIT else '(missed)'}  {peak.command}",
        flush=True,
    )


def _cut(team: Team, cluster: SshCluster, bytes_: int) -> None:
    """Cut the link once so many bytes have arrived, until the node is given up, and mend it."""
    while cluster.received() < bytes_:
        time.sleep(0.1)
    machine = cluster.machines[0]
    machine.cut()
    time.sleep(6)
    machine.mend()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vivero-input-") as folder:
        if shutil.disk_usage(folder).free < 3.2e9 * options.gigabytes:
            raise SystemExit(f"{folder} has too little space. Choose another with TMPDIR.")
        with SshCluster(Path(folder), count=1) as cluster:
            team = Team(cluster, "team", send_packages="true", slots=1)
            team.script(SCRIPT)
            path = team.folder / "big.bin"
            make(path, options.gigabytes)
            size = path.stat().st_size
            print(f"An input of {size / 1e9:.2f} GB")
            team.script("print('ready')\n")
            team.train()  # the environment is built on the node
            team.script(SCRIPT)
            run(team, cluster, path, "sent, cut in the middle, resumed", cut_after=size // 2)
            run(team, cluster, path, "the node has it")
            team.nodes("stop", "--runs")


if __name__ == "__main__":
    os.environ.pop("VIVERO_WORKSPACE", None)
    main()
