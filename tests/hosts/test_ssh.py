"""A machine reached by SSH keeps to the contract of hosts: a real sshd, a real agent."""

import pytest

from runner.hosts.remote.client import Client
from runner.hosts.remote.host import RemoteHost
from runner.hosts.ssh.connection import Connection
from runner.hosts.ssh.identities import Identities
from runner.hosts.ssh.settings import find
from tests.contracts.host_contract import HostContract
from tests.sshd import Sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    with Sshd(tmp_path_factory.mktemp("sshd")) as sshd:
        yield sshd


@pytest.fixture
def address(sshd, tmp_path):
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host there\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n IdentitiesOnly yes\n"
        f" IdentityFile {sshd.folder}/user\n UserKnownHostsFile {sshd.folder}/known\n"
    )
    return find("there", files=(config,))


class TestSshHost(HostContract):
    @pytest.fixture
    def host(self, address):
        with Connection(address, Identities(lambda question: None)) as connection:
            client = Client(connection, "python3")
            yield RemoteHost(client)
            client.close()

    @pytest.fixture
    def there(self, tmp_path):
        return tmp_path / "there"
