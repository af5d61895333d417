"""Who is talked to, who we are, on which way: with real sshds, keys and agents."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.hosts.remote.client import Client
from runner.hosts.remote.host import RemoteHost
from runner.hosts.remote.link import UnreachableError
from runner.hosts.ssh.connection import Connection, quoted
from runner.hosts.ssh.identities import Identities
from runner.hosts.ssh.settings import find
from tests.support.hosts.sshd import Sshd


def keygen(path: Any, *words: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-f", str(path), *words], check=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Start an sshd with some settings of its own."""
    started: list[Any] = []

    def start(*settings: Any) -> Any:
        folder = tmp_path / f"sshd-{len(started)}"
        folder.mkdir()
        started.append(Sshd(folder, *settings))
        return started[-1].__enter__()

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def config(tmp_path: Path) -> Any:
    """Write an ssh_config; return what it says of a host."""

    def config(sshd: Any, *lines: Any, name: str = "there", **more: Any) -> Any:
        said = {
            "HostName": "127.0.0.1", "Port": sshd.port, "User": sshd.user, "IdentitiesOnly": "yes",
            "IdentityFile": f"{sshd.folder}/user", "UserKnownHostsFile": f"{sshd.folder}/known", **more,
        }  # fmt: skip
        text = f"Host {name}\n" + "".join(f"  {key} {value}\n" for key, value in said.items() if value is not None)
        path = tmp_path / "ssh_config"
        path.write_text((path.read_text() if path.exists() else "") + text + "".join(f"{line}\n" for line in lines))
        return find(name, files=(path,))

    return config


def hello(address: Any, ask: Any = lambda _question: None, identities: Any = None) -> Any:
    """Return what a program there prints."""
    with Connection(address, identities or Identities(ask)) as connection:
        client = Client(connection, "python3")
        done = RemoteHost(client).run(["printf", "%s", "hello"])
        client.close()
    return done.output


def test_a_machine_that_is_not_known_gets_nothing(start: Any, config: Any) -> None:
    sshd = start("LogLevel VERBOSE")
    (sshd.folder / "known").write_text("")
    shown = subprocess.run(["ssh-keygen", "-lf", str(sshd.folder / "host.pub")], capture_output=True, text=True)
    fingerprint = re.search(r"SHA256:\S+", shown.stdout)
    assert fingerprint is not None, shown.stderr
    with pytest.raises(UserError, match="is not in your known_hosts") as caught:
        hello(config(sshd))
    assert fingerprint[0] in caught.value.message
    assert f"ssh -p {sshd.port} {sshd.user}@127.0.0.1" in caught.value.hint
    assert sshd.user not in (sshd.folder / "log").read_text()


def test_a_machine_with_another_key_than_before_gets_nothing(start: Any, config: Any) -> None:
    sshd = start("LogLevel VERBOSE")
    keygen(sshd.folder / "other", "-t", "ed25519", "-N", "")
    (sshd.folder / "known").write_text(f"[127.0.0.1]:{sshd.port} {(sshd.folder / 'other.pub').read_text()}")
    with pytest.raises(UserError, match="has a different key than") as caught:
        hello(config(sshd))
    assert "ssh-keygen -R '[127.0.0.1]:" in caught.value.hint
    assert sshd.user not in (sshd.folder / "log").read_text()


def test_a_key_of_the_kind_that_is_known_is_asked_for(start: Any, config: Any, tmp_path: Path) -> None:
    """The machine has two; only the one that it would not show first is known."""
    keygen(tmp_path / "ecdsa", "-t", "ecdsa", "-N", "")
    sshd = start(f"HostKey {tmp_path}/ecdsa")
    for name in (tmp_path / "ecdsa.pub", sshd.folder / "host.pub"):
        (sshd.folder / "known").write_text(f"[127.0.0.1]:{sshd.port} {name.read_text()}")
        assert hello(config(sshd, name=f"by-{name.stem}")) == b"hello"


def test_hashed_names_are_known(start: Any, config: Any) -> None:
    sshd = start()
    keygen(sshd.folder / "known", "-H")
    assert "127.0.0.1" not in (sshd.folder / "known").read_text()
    assert hello(config(sshd)) == b"hello"


def test_a_wrong_key_is_said(start: Any, config: Any, tmp_path: Path) -> None:
    keygen(tmp_path / "wrong", "-t", "ed25519", "-N", "")
    sshd = start()
    with pytest.raises(UserError, match=f"there rejected {sshd.user}: Tried {tmp_path}/wrong"):
        hello(config(sshd, IdentityFile=tmp_path / "wrong"))
    with pytest.raises(UserError, match="You have no key"):
        hello(config(sshd, name="none", IdentityFile=tmp_path / "absent"))


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_passphrase_is_asked_for_once(start: Any, config: Any, tmp_path: Path, kind: str) -> None:
    keygen(tmp_path / "locked", "-t", kind, "-N", "open sesame")
    sshd = start()
    (sshd.folder / "user.pub").write_text((tmp_path / "locked.pub").read_text())
    questions = []

    def ask(question: str) -> str:
        questions.append(question)
        return "open sesame"

    identities = Identities(ask)
    address = config(sshd, IdentityFile=tmp_path / "locked")
    assert hello(address, identities=identities) == hello(address, identities=identities) == b"hello"
    assert questions == [f"Passphrase of {tmp_path}/locked: "]
    with pytest.raises(UserError, match="locked cannot be read"):
        hello(address, ask=lambda _question: "wrong")
    with pytest.raises(UserError, match=r"locked has a passphrase, and there is no terminal.* ssh-add .*/locked"):
        hello(address, ask=lambda _question: None)


def test_a_key_of_the_agent(start: Any, config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keygen(tmp_path / "held", "-t", "ed25519", "-N", "")
    sshd = start()
    (sshd.folder / "user.pub").write_text((tmp_path / "held.pub").read_text())
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.DEVNULL)
    try:
        from tests.support.waiting import wait_for

        wait_for((tmp_path / "agent").exists)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        subprocess.run(["ssh-add", "-q", str(tmp_path / "held")], check=True, capture_output=True)
        (tmp_path / "held").unlink()
        assert hello(config(sshd, IdentitiesOnly=None, IdentityFile=tmp_path / "absent")) == b"hello"
    finally:
        agent.terminate()
        agent.wait()


def test_a_key_with_a_certificate(start: Any, config: Any, tmp_path: Path) -> None:
    keygen(tmp_path / "authority", "-t", "ed25519", "-N", "")
    keygen(tmp_path / "mine", "-t", "ed25519", "-N", "")
    sshd = start(f"TrustedUserCAKeys {tmp_path}/authority.pub")
    (sshd.folder / "user.pub").write_text("")
    address = config(sshd, IdentityFile=tmp_path / "mine")
    with pytest.raises(UserError, match="rejected"):
        hello(address)
    subprocess.run(
        [
            "ssh-keygen",
            "-q",
            "-s",
            str(tmp_path / "authority"),
            "-I",
            "me",
            "-n",
            sshd.user,
            str(tmp_path / "mine.pub"),
        ],
        check=True,
    )
    assert hello(address) == b"hello"


def test_through_other_machines(start: Any, config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jumps, each with its own host key and files, and a command in place of them."""
    first, second, last = start(), start(), start()
    config(first, name="first")
    config(second, name="second")
    files = (tmp_path / "ssh_config",)
    monkeypatch.setattr("runner.hosts.ssh.settings._FILES", files)
    assert hello(config(last, name="far", ProxyJump="first,second")) == b"hello"
    (second.folder / "known").write_text("")
    with pytest.raises(UserError, match=r"second .* is not in your known_hosts"):
        hello(find("far", files=files))
    netcat = f"{shutil.which('python3')} {tmp_path}/netcat.py %h %p"
    (tmp_path / "netcat.py").write_text(
        "import socket, sys, threading, os\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def out():\n while (d := s.recv(65536)): os.write(1, d)\n"
        "threading.Thread(target=out, daemon=True).start()\n"
        "while (d := os.read(0, 65536)): s.sendall(d)\n"
    )
    assert hello(config(last, name="by-command", ProxyCommand=netcat)) == b"hello"


def test_a_login_that_prints_is_not_in_the_way(start: Any, config: Any) -> None:
    sshd = start('ForceCommand echo "Welcome to {"; echo trouble >&2; exec sh -c "$SSH_ORIGINAL_COMMAND"')
    assert hello(config(sshd)) == b"hello"


def test_a_login_that_fails_says_why(start: Any, config: Any) -> None:
    sshd = start("ForceCommand echo This account is not available; exit 1")
    with pytest.raises(UserError, match="python3 does not start: This account is not available"):
        hello(config(sshd))


def test_a_link_that_is_lost_while_the_agent_starts(start: Any, config: Any) -> None:
    """The server process of the connection is killed, as when a node dies. Its Python is not blamed."""
    sshd = start('ForceCommand kill -9 "$(ps -o ppid= -p $$)"')
    with pytest.raises(UnreachableError, match=r"The connection to there is lost|cannot start a command"):
        hello(config(sshd))


def test_a_python_that_is_not_there(start: Any, config: Any) -> None:
    why = r"there: /no/python does not start: .*(No such file|not found)"
    with (
        Connection(config(start()), Identities(lambda _question: None)) as connection,
        pytest.raises(UserError, match=why) as caught,
    ):
        Client(connection, "/no/python")
    assert "python: /path/to/python" in caught.value.hint


def test_nobody_there(start: Any, config: Any) -> None:
    with socket.socket() as held:  # nobody listens on its port, and no other process is given it meanwhile
        held.bind(("127.0.0.1", 0))
        address = config(start(), Port=held.getsockname()[1])
        with pytest.raises(UserError, match=r"there \(127.0.0.1:\d+\) cannot be reached: .*refused"):
            hello(address)


def test_a_connection_that_is_lost_is_said(start: Any, config: Any) -> None:
    sshd = start()
    with Connection(config(sshd), Identities(lambda _question: None)) as connection:
        client = Client(connection, "python3")
        host = RemoteHost(client)
        said = []

        def hang_up(line: Any) -> None:
            said.append(line)
            connection.close()

        with pytest.raises(UserError, match="The connection to there is lost"):
            host.run(["sh", "-c", "echo begun; exec sleep 60"], say=hang_up)
        with pytest.raises(UserError, match="The connection to there is lost"):
            host.exists(sshd.folder)
    assert said == ["begun"]


def test_without_the_sftp_subsystem_and_with_large_files(start: Any, config: Any, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    with Connection(config(start()), Identities(lambda _question: None)) as connection:
        client = Client(connection, "python3")
        host = RemoteHost(client)
        host.write(tmp_path / "there.bin", content)
        assert host.read(tmp_path / "there.bin") == content
        (tmp_path / "here.bin").write_bytes(content)
        host.put(tmp_path / "here.bin", tmp_path / "put.bin")
        host.get(tmp_path / "put.bin", tmp_path / "back.bin")
        assert (tmp_path / "back.bin").read_bytes() == content
        with pytest.raises(FileNotFoundError, match="on there"):
            host.read(tmp_path / "absent")
        client.close()


@pytest.mark.parametrize("name", ["", "-oProxyCommand=touch x", "host:port"])
def test_what_is_no_host(name: str) -> None:
    with pytest.raises(UserError, match="is not a host"):
        find(name, files=())


@pytest.mark.parametrize("word", ["a\nb", "a\0b", "a!b"])
def test_words_that_no_shell_can_have(word: str) -> None:
    with pytest.raises(UserError, match="cannot be passed"):
        quoted(["echo", word])
