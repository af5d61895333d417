"""Every kind has an adapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import wiring
from runner.config.schema import ENVIRONMENTS
from runner.layout import Layout


@pytest.mark.parametrize("kind", sorted(ENVIRONMENTS))
def test_environments(kind: str, tmp_path: Path) -> None:
    made = wiring.make_environment(ENVIRONMENTS[kind](), Layout(tmp_path), tmp_path)
    assert kind in type(made).__name__.lower()


@pytest.mark.parametrize(
    ("kind", "module"), [("local", "runner.endpoints.local"), ("docker", "runner.endpoints.docker.servers")]
)
def test_servers(kind: str, module: str, tmp_path: Path) -> None:
    assert type(wiring.make_servers(kind, Layout(tmp_path), print)).__module__ == module
