"""The page of nodes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.api import Workspace
from tests.support.studio.workspaces import run_record, studio, write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "team" / ".vivero"
    root.mkdir(mode=0o700, parents=True)
    write_run(root, run_record(0, overrides=["+experiment=iris", "compute=ssh", "compute.hosts=[127.0.0.1:1]"]))
    write_run(root, run_record(1, overrides=["compute=local"]))
    write_run(root, run_record(2, overrides=["compute=lab,local"]))
    return root


@pytest.fixture
def site(root: Path) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1"


def test_clusters_are_those_that_runs_were_given(root: Path) -> None:
    assert Workspace(root).clusters() == [("compute=ssh", "compute.hosts=[127.0.0.1:1]")]


def test_a_node_is_asked_when_the_button_is_pressed(site: str, tab: Any) -> None:
    page = tab(f"{site}/nodes")
    assert page.locator(".answer").inner_text() == ""
    page.get_by_role("button", name="Ask the nodes").click()
    page.locator(".answer .pill, .answer .problem").first.wait_for()
    tab.said.clear()


def test_only_a_listed_cluster_is_asked(site: str, tab: Any) -> None:
    page = tab(f"{site}/nodes")
    refused = page.evaluate(
        """async () => {
          const token = document.querySelector('meta[name="token"]').content;
          const body = new URLSearchParams([["word", "compute=ssh"], ["word", "compute.hosts=[elsewhere]"]]);
          const headers = { "X-Token": token, Accept: "application/json" };
          const answer = await fetch("nodes/look", { method: "POST", headers, body });
          return (await answer.json()).error;
        }"""
    )
    assert "not one of those" in refused
    tab.said.clear()  # the browser's line about the refusal
