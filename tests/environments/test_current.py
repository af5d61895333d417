import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.environments.current import CurrentEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.ports.host import Host
from tests.contracts.environment_contract import EnvironmentContract, said


class TestCurrent(EnvironmentContract):
    @pytest.fixture
    def host(self) -> Host:
        return LocalHost()

    @pytest.fixture
    def environment(self, tmp_path: Path) -> Any:
        return lambda **settings: CurrentEnvironment(Layout(tmp_path / "w"), **settings)

    def test_it_is_this_python(self, environment: Any, host: Host) -> None:
        handle = environment().prepare(host, said)
        assert handle.argv(["python"]) == [sys.executable]
        assert handle.record.packages["pytest"] == pytest.__version__

    def test_drift_is_named_and_refused_unless_allowed(self, environment: Any, host: Host) -> None:
        handle = environment().prepare(host, said)
        then = dataclasses.replace(handle.record, packages={**handle.record.packages, "pytest": "1.0", "gone": "2.0"})
        with pytest.raises(
            UserError, match=rf"gone was 2.0 and is now absent, pytest was 1.0 and is now {pytest.__version__}"
        ):
            environment().restore(then, "", host, said)
        lines: list[str] = []
        environment(allow_drift=True).restore(then, "", host, lines.append)
        assert "pytest was 1.0 and is now" in lines[0]
