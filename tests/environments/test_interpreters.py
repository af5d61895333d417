"""Which Python is taken."""

import os
import sys

import pytest

from runner.environments.interpreters import Interpreters
from runner.hosts.local import LocalHost
from runner.layout import Layout

OWN = "{}.{}.{}".format(*sys.version_info[:3])


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "w")


@pytest.mark.parametrize("request_", [None, OWN, OWN.rpartition(".")[0], sys.executable])
def test_ones_own_is_found(layout, request_):
    found = Interpreters(layout, LocalHost()).find(request_)
    assert found.version.startswith(OWN.rpartition(".")[0])


def test_shims_are_passed_over(layout, tmp_path, monkeypatch):
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "python{}.{}".format(*sys.version_info[:2])
    shim.write_text("#!/bin/sh\necho called >&2; exit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}{os.pathsep}{os.environ['PATH']}")
    found = Interpreters(layout, LocalHost()).find("{}.{}".format(*sys.version_info[:2]))
    assert "shims" not in found.path.parts


def test_a_known_one_is_not_started_again(layout):
    class Counting(LocalHost):
        started = 0

        def run(self, *arguments, **settings):
            Counting.started += 1
            return super().run(*arguments, **settings)

    Interpreters(layout, Counting()).find(None)
    before = Counting.started
    Interpreters(layout, Counting()).find(None)
    assert before == Counting.started == 1
