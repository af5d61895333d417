"""What a command imports and makes before it does anything: that is its time to start."""

import re
from typing import Any

import pytest
from hydra.core.config_store import ConfigStore

from runner.config.schema import SCHEMAS, JobConfig, register_schemas
from runner.layout import Layout
from runner.records import RunRecord
from runner.store.runs import FileRunStore
from tests.support.command_line import CommandLine


def imported(done: Any) -> set[str]:
    """Return the modules that ``-X importtime`` has in a command's standard error."""
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.fixture
def profiled() -> dict[str, str]:
    return {"PYTHONPROFILEIMPORTTIME": "1"}


def test_runs_that_are_in_the_index_are_listed_without_records(
    command_line: CommandLine, profiled: dict[str, str]
) -> None:
    layout = Layout(command_line.workspace)
    layout.create()
    FileRunStore(layout).create(RunRecord(id="e-1", experiment="e", status="completed", created="2026-07-01T12:00:00Z"))
    first, second = (imported(command_line.vivero("runs", variables=profiled)) for _ in range(2))
    assert "runner.records" in first  # it is read once
    assert not second & {"runner.records", "runner.io.record", "hashlib", "difflib", "shutil", "rich", "hydra"}


def test_a_run_without_an_endpoint_imports_no_server_and_no_client(
    command_line: CommandLine, profiled: dict[str, str]
) -> None:
    command_line.script("print(1)\n")
    modules = imported(command_line.job(variables=profiled))
    assert "runner.pipeline" in modules
    assert not modules & {
        "http.client",
        "ssl",
        "runner.endpoints.deploy",
        "runner.endpoints.process",
        "difflib",
        "rich",
    }


def test_a_schema_is_made_once_and_only_when_it_is_asked_for() -> None:
    register_schemas()
    store = ConfigStore.instance()
    group = store.repo["schema"]
    assert not any("node" in vars(group[f"{name}.yaml"]) for name in SCHEMAS["schema"])
    loaded, again = store.load("schema/job.yaml").node, store.load("schema/job.yaml").node
    loaded.tags.colour = "red"  # open, and its own to change
    assert again == JobConfig(source="???")
    assert [name for name in SCHEMAS["schema"] if "node" in vars(group[f"{name}.yaml"])] == ["job"]
