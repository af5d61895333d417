from pathlib import Path
from typing import Any

import pytest

from runner.hosts.local import LocalHost
from runner.ports.host import Host
from tests.contracts.host_contract import HostContract


class TestLocal(HostContract):
    @pytest.fixture
    def host(self) -> Host:
        return LocalHost()

    @pytest.fixture
    def there(self, tmp_path: Path) -> Any:
        return tmp_path / "there"
