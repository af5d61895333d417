"""Runs pytest inside a test, with the plugins of this suite."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.command_line import ROOT

_CONFTEST = """
pytest_plugins = [
    "tests.plugins.hermetic", "tests.plugins.leftovers", "tests.plugins.exclusive", "tests.plugins.budget",
    "tests.plugins.sampling",
]
"""
_SETTINGS = "[pytest]\nmarkers =\n  slow\n  exclusive\n  sampled\n  keeps\n"


def run_inner(
    folder: Path, text: str, *words: str, variables: Mapping[str, str] | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run the text of a test module in a folder, with options of ``subprocess.run``."""
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "pytest.ini").write_text(_SETTINGS)
    (folder / "test_inner.py").write_text(text)
    outer = {name: value for name, value in os.environ.items() if name not in ("VIVERO_TEST_ROOT", "PYTEST_ADDOPTS")}
    plugins = ["-p", "no:cacheprovider", "-p", "xdist", "-p", "pytest_randomly"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *words, "test_inner.py"],
        cwd=folder,
        env={**outer, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(variables or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
