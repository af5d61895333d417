"""A real sshd on loopback, with its own keys, for the user who runs the tests."""

import getpass
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

from tests.support.components import missing
from tests.support.waiting import wait_for


class Sshd:
    """Accepts the key ``user`` in its folder. ``ssh`` in ``bin`` knows the key and the host.

    `settings` are configuration lines that take precedence.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder, self.user = folder, getpass.getuser()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        (folder / "config").write_text(
            "".join(f"{line}\n" for line in settings)
            + f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {folder}/user.pub\nPasswordAuthentication no\nUsePAM no\nPermitRootLogin yes\n"
        )
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host.pub').read_text()}")
        self.bin = folder / "bin"
        self.bin.mkdir()
        options = f"-F none -o UserKnownHostsFile={folder}/known -o IdentityFile={folder}/user -o IdentitiesOnly=yes"
        (self.bin / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} {options} "$@"\n')
        (self.bin / "ssh").chmod(0o755)

    def __enter__(self) -> Any:
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            missing("there is no sshd: apt-get install openssh-server")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([program, "-D", "-e", "-f", str(self.folder / "config")], stderr=log)
        wait_for(self._listens)
        return self

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        self.process.wait(10)
