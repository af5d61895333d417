import pytest

from runner.hosts.local import LocalHost
from tests.contracts.host_contract import HostContract


class TestLocal(HostContract):
    @pytest.fixture
    def host(self):
        return LocalHost()

    @pytest.fixture
    def there(self, tmp_path):
        return tmp_path / "there"
