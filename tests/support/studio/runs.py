"""A run with everything that the page of a run shows, harmless or hostile, made without running anything."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

from tests.support.studio.workspaces import run_record, write_run

EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{7*7}}"
DRAWING = "<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='owned'</script></svg>"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def metric_line(name: str, value: Any, step: int | None = None, kind: str = "scalar") -> str:
    line = {"name": name, "value": value, "step": step, "time": "2026-07-01T12:00:00.000000Z", "kind": kind}
    return json.dumps(line) + "\n"


def _charts(word: str) -> list[str]:
    labels = [word, "other"]
    rows = [[10, 10, 0, 0], [8, 2, 8, 2], [0, 0, 10, 10]]
    data = {
        "confusion_matrix": {"class_labels": labels, "matrix": [[3, 1], [0, 2]]},
        "accuracy_table": {
            "class_labels": labels, "probability_tables": [rows, rows], "probability_thresholds": [0, 0.5, 1],
        },
        "residuals": {"bin_edges": [-1, 0, 1], "bin_counts": [3, 4]},
        "predictions": {
            "bin_edges": [0, 1, 2], "bin_counts": [3, 4], "bin_averages": [0.4, 1.6], "bin_errors": [0.1, 0.1],
        },
    }  # fmt: skip
    return [metric_line(f"{kind} {word}", {"data": content}, kind=kind) for kind, content in data.items()]


def write_rich_run(root: Path, number: int, word: str = "plain", *, printed: int = 5000, **fields: Any) -> Path:
    """Write a run whose names and values all have a word, and return its folder."""
    folder = write_run(root, run_record(number, **fields))
    metrics = [metric_line(f"loss {word}", 1 / (step + 1), step) for step in range(100)]
    metrics += [metric_line("table", {word: at, "b": -at}, kind="table") for at in range(3)]
    metrics += [metric_line(f"picture {word}", {"image": "picture.png"}, 3, "image"), *_charts(word)]
    (folder / "metrics.jsonl").write_text("".join(metrics))
    (folder / "logs").mkdir()
    lines = [f"line {at} {word}" for at in range(printed)]
    lines[-10] = "a progress bar 10 %\ra progress bar 99 %\x1b[31m red\x1b[0m"
    lines[-5] = "a long line " * 50
    (folder / "logs" / "run.log").write_bytes("".join(f"{line}\n" for line in lines).encode())
    outputs = folder / "outputs"
    outputs.mkdir()
    (outputs / "picture.png").write_bytes(PICTURE)
    (outputs / "model-card.md").write_text(f"# Card\n\n## Scores\n\n| Score | {word} |\n| --- | --- |\n| f1 | 0.5 |\n")
    (outputs / "rows.csv").write_text(f"a,{word}\n2,x\n10,y\n")
    (outputs / "page.html").write_text(f"<html><script>document.title='owned'</script>{word}</html>")
    (outputs / "drawing.svg").write_text(DRAWING)
    (outputs / "bomb.csv").write_bytes(zlib.compress(b"0" * (1 << 24)))
    (outputs / "link.txt").symlink_to("/etc/hostname")
    (folder / "resources.jsonl").write_text("".join(_resources(at) for at in range(9)))
    return folder


def _resources(second: int) -> str:
    line = {"time": f"2026-07-01T12:00:0{second}.000000Z", "cpu": second / 3, "memory": second << 20, "processes": 1}
    return json.dumps(line) + "\n"
