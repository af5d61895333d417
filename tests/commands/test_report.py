"""``vivero report``."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runner.api import Workspace
from runner.reports.report import report_of
from tests.support.command_line import CommandLine
from tests.support.studio.pipelines import write_pipeline
from tests.support.studio.workspaces import run_record, write_run, write_runs, write_sweep

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def root(command_line: CommandLine) -> Path:
    root = command_line.workspace
    write_runs(root, 6, points=30)
    return root


def first(root: Path) -> str:
    return sorted(path.name for path in (root / "runs" / "iris").iterdir())[0]


def test_a_file_is_written_and_never_overwritten(root: Path, command_line: CommandLine) -> None:
    done = command_line.vivero("report", first(root), "-o", "run.html")
    assert done.returncode == 0 and "run.html" in done.stdout, done.stderr
    text = (command_line.folder / "run.html").read_text()
    assert not re.search(r"(src|href)\s*=\s*[\"']?http|@import|url\(|fetch\(", text)
    again = command_line.vivero("report", "iris", "-o", "run.html")
    assert again.returncode == 1 and "run.html exists. Choose another file" in again.stderr
    assert (command_line.folder / "run.html").read_text() == text
    assert command_line.vivero("report", "iris", "-o", "run.html", "--force").returncode == 0
    assert "Experiment iris" in (command_line.folder / "run.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gone",), "gone"),
        (("iris", "-o", "."), "is a folder"),
        (("iris", "-o", "no/such/report.html"), "does not exist"),
    ],
)
def test_a_mistake_is_one_line(root: Path, command_line: CommandLine, words: tuple[str, ...], said: str) -> None:
    done = command_line.vivero("report", *words)
    assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (command_line.folder / "report.html").exists()


def test_a_failed_run_begins_with_its_reason_and_log(root: Path) -> None:
    record = run_record(99, status="failed", error="ValueError: no", finalize=None)
    folder = write_run(root, record)
    (folder / "logs").mkdir()
    (folder / "logs" / "run.log").write_bytes(b"\x1b[31m10 %\r90 %\x1b[0m\nTraceback <here>\xff\n")
    text = report_of(Workspace(root), record["id"])
    assert "ValueError: no" in text and "90 %\nTraceback &lt;here&gt;" in text and "10 %" not in text
    assert text.index("End of the log") < text.index("<h2>Parameters")


def test_pictures_and_matrices_are_in_the_file(root: Path) -> None:
    run = Workspace(root).run(first(root))
    outputs = run.folder.root / "outputs"
    outputs.mkdir()
    (outputs / "figure.png").write_bytes(PNG)
    (outputs / "drawn.png").write_text("<svg onload='alert(1)'>")
    value = {"schema_type": "confusion_matrix", "data": {"class_labels": ["a", HOSTILE], "matrix": [[5, 1], [0, 7]]}}
    with (run.folder.root / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"name": "Confusion", "value": value, "kind": "confusion_matrix"}) + "\n")
    text = report_of(Workspace(root), run.id)
    assert text.count("data:image/png;base64,") == 1 and "onload" not in text
    assert "true / predicted" in text and '"metric":"loss"' in text


@pytest.mark.slow("imports optuna and scikit-learn", seconds=60)
def test_a_sweep_has_all_its_charts(root: Path) -> None:
    sweep = write_sweep(root, 12, points=4)
    text = report_of(Workspace(root), sweep)
    assert '"kind":"sweep"' in text and "fANOVA" in text and '"curves":[{' in text


@pytest.mark.parametrize("name", ["run", "experiment"])
def test_hostile_words_stay_words(tmp_path: Path, tab: Any, name: str) -> None:
    root = tmp_path / ".vivero"
    root.mkdir(mode=0o700)
    for number in range(2):
        config = {"job": {"arguments": {HOSTILE: HOSTILE, "x": number}}}
        record = run_record(
            number * 3, config=config, display_name=HOSTILE, error=HOSTILE, note=HOSTILE, user=HOSTILE,
            tags={HOSTILE: HOSTILE}, finalize={"metrics": {HOSTILE: number, "up": number}}, status="completed",
        )  # fmt: skip
        folder = write_run(root, record)
        lines = [{"name": HOSTILE, "value": step} for step in range(4)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = tmp_path / "report.html"
    path.write_text(report_of(Workspace(root), record["id"] if name == "run" else "iris"))
    page = tab(path.as_uri(), 390)
    page.locator("#report svg").first.wait_for()
    assert page.locator("img[src='x']").count() == 0 and "owned" not in page.title()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_pipeline_shows_its_graph_and_steps_and_nothing_of_it_is_markup(root: Path) -> None:
    hostile = {"status": "failed", "reason": HOSTILE, "needs": ["prepare", HOSTILE]}
    made = write_pipeline(
        root, 1, {"prepare": {}, "train": hostile, "evaluate": {"reused": True}}, display_name=HOSTILE,
        status="failed", error=HOSTILE, finalize={"metrics": {"prepare.rows": 150, HOSTILE: HOSTILE}},
    )  # fmt: skip
    text = report_of(Workspace(root), made)
    assert "<img src=x" not in text and "script-src 'none'" in text and "<script" not in text
    assert text.count('class="box ') == 3 and "↺ reused" in text and "prepare.rows" in text and "Parameters" in text
