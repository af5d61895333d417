"""What is typed behind ``python -m serving``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.__main__ import parse
from tests.support.command_line import ROOT

TYPED = {
    "models=a": ["a"], "models=a,b": ["a", "b"], "models=a,b:2,c@champion": ["a", "b:2", "c@champion"],
    "models=[a,b:2]": ["a", "b:2"],
}  # fmt: skip


@pytest.mark.parametrize("word", TYPED)
def test_models_are_a_list_with_or_without_brackets(word: str) -> None:
    """Brackets have to be quoted for a shell."""
    assert parse([word]).models == TYPED[word]


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_printed_wherever_it_is_typed(word: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving", "model=iris", word], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("Usage: python -m serving model=NAME")
    assert list(tmp_path.iterdir()) == []
