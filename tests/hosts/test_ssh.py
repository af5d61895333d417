"""A machine reached by SSH keeps to the contract of hosts: a real sshd, a real agent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.hosts.remote.client import Client
from runner.hosts.remote.host import RemoteHost
from runner.hosts.ssh.connection import Connection
from runner.hosts.ssh.identities import Identities
from runner.hosts.ssh.settings import find
from runner.worker import timeouts
from tests.contracts.host_contract import HostContract
from tests.support.hosts.sshd import Sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as sshd:
        yield sshd


@pytest.fixture
def address(sshd: Any, tmp_path: Path) -> Any:
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host there\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n IdentitiesOnly yes\n"
        f" IdentityFile {sshd.folder}/user\n UserKnownHostsFile {sshd.folder}/known\n"
    )
    return find("there", files=(config,))


class TestSshHost(HostContract):
    @pytest.fixture
    def host(self, address: Any) -> Iterator[Any]:
        with Connection(address, Identities(lambda _question: None)) as connection:
            client = Client(connection, "python3")
            yield RemoteHost(client)
            client.close()

    @pytest.fixture
    def there(self, tmp_path: Path) -> Any:
        return tmp_path / "there"

    def test_what_is_started_there_waits_as_long_as_we_do(self, host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        passed = host.run(["printenv", timeouts.VARIABLE]).output.decode().strip()
        monkeypatch.setenv(timeouts.VARIABLE, passed)
        assert passed == timeouts.as_text() and timeouts.changed()
