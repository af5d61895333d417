"""The page, in a real browser."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from tests.support.components import missing

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FLAGS += ["--disable-component-update", "--disable-sync", "--virtual-time-budget=8000"]


@pytest.fixture
def browser(tmp_path: Path) -> Any:
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if program is None:
        missing("there is no Chromium")

    def browser(*words: str) -> Any:
        command = [program, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout

    return browser


def test_the_page_shows_the_models_with_an_example(register: Any, serve: Any, browser: Any) -> None:
    register("iris", SVC().fit(*load_iris(return_X_y=True)), description="Flowers")
    text = browser("--dump-dom", serve("model=iris").address)
    assert "iris:1" in text and "<h2>/score</h2>" in text and "Flowers" in text


def test_the_page_asks_for_a_key(register: Any, serve: Any, browser: Any) -> None:
    register("iris", SVC().fit(*load_iris(return_X_y=True)))
    server = serve("model=iris", "auth=key")
    text = browser("--dump-dom", server.address)
    assert "<h2>/score</h2>" not in text and '<p id="lock">' in text
