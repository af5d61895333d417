"""The contract of environments. Inherit the class and define `host` and `environment`, which creates one."""

import os
import subprocess
from typing import Any

from runner.ports.host import Host
from runner.records import EnvironmentRecord
from tests.support.suite.pace import slowdown


def said(_line: Any) -> None:
    """Ignore a line of progress."""


class EnvironmentContract:
    def test_python_means_its_own(self, environment: Any, host: Host) -> None:
        handle = environment().prepare(host, said)
        argv = handle.argv(["python", "-c", "import platform; print(platform.python_version())"])
        assert subprocess.check_output(argv, text=True).strip() == handle.record.python_version
        assert subprocess.check_output(handle.argv(["/bin/echo", "python"]), text=True) == "python\n"

    def test_its_programs_come_first(self, environment: Any, host: Host) -> None:
        handle = environment().prepare(host, said)
        code = "import os, sys; print(os.environ['PATH'].split(os.pathsep)[0], os.path.dirname(sys.executable))"
        variables = {**os.environ, **handle.variables()}
        said_ = subprocess.check_output(handle.argv(["python", "-c", code]), text=True, env=variables).split()
        assert os.path.normpath(said_[0]) == os.path.normpath(said_[1])

    def test_the_lock_names_every_package(self, environment: Any, host: Host) -> None:
        handle = environment().prepare(host, said)
        for name, version in handle.record.packages.items():
            assert f"{name}=={version}" in handle.lock_text()

    def test_the_same_again_is_cached_under_the_same_key(self, environment: Any, host: Host) -> None:
        first, second = (environment().prepare(host, said).record for _ in range(2))
        assert (first.key, first.packages) == (second.key, second.packages)
        assert second.cached

    def test_a_cache_hit_takes_less_than_a_tenth_of_a_second(self, environment: Any, host: Host) -> None:
        environment().prepare(host, said)
        assert min(environment().prepare(host, said).record.seconds for _ in range(5)) < 0.1 * slowdown()

    def test_an_earlier_one_is_restored_from_its_record(self, environment: Any, host: Host) -> None:
        handle = environment().prepare(host, said)
        record = EnvironmentRecord.from_json(handle.record.to_json())
        again = environment().restore(record, handle.lock_text(), host, said)
        assert again.record.packages == record.packages and again.record.key == record.key
