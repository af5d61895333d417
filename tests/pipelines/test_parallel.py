"""A step that runs its script over pieces of an input."""

import csv
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

ENTRY = """
def init():
    print("init")

def run(mini_batch):
    return ["%s,%s" % (path.rpartition("/")[2].encode("utf-8", "surrogateescape").hex(), open(path).read())
            for path in mini_batch if "bad" not in path]
"""
FRAME = """
def init():
    pass

def run(mini_batch):
    return mini_batch.assign(twice=2 * mini_batch.number)
"""
PLAIN = """
import csv, os, sys
path = sys.argv[1]
if os.path.isdir(path):
    path = os.path.join(path, os.listdir(path)[0])
rows = list(csv.DictReader(open(path, newline="", encoding="utf-8")))
print(len(rows), "rows")
with open("outputs/all.csv", "w", newline="", encoding="utf-8") as file:
    found = csv.DictWriter(file, ["number", "text"])
    found.writeheader()
    found.writerows(rows)
open("outputs/of-%s.txt" % (rows[0]["number"]), "w").close()
"""
COUNTED = """
import os, sys, time
folder, count = sys.argv[1:3]
for name in os.listdir(folder):
    with open(os.path.join(count, "lines"), "a") as file:
        file.write(name + chr(10))
    if name.startswith("fails") and not os.path.exists(os.path.join(count, name)):
        open(os.path.join(count, name), "w").close()
        sys.exit(3)
    while name.startswith("waits") and not os.path.exists(os.path.join(count, "go")):
        time.sleep(0.01)
    open(os.path.join("outputs", name), "w").close()
"""
TEXTS = ['say "hi"', "two\nlines", "a, b", "", "é ü 𝔘", "it's", "\r\n", '"""', "=1+1", "ends\n"]


class Workspace:
    """Runs one experiment in a test's folder."""

    def __init__(self, command_line: CommandLine) -> None:
        self.line = command_line
        for name, text in {"entry": ENTRY, "frame": FRAME, "plain": PLAIN, "counted": COUNTED}.items():
            command_line.script(text, f"{name}.py")

    def write(self, steps: dict[str, Any], inputs: dict[str, str], **pipeline: Any) -> list[str]:
        """Write the experiment and return the words that run it."""
        folder = self.line.folder / "conf" / "experiment"
        folder.mkdir(parents=True, exist_ok=True)
        for step in steps.values():
            step["job"].setdefault("source", "src")
        content = {"experiment_name": "par", "data": {"inputs": inputs}, "pipeline": {"steps": steps, **pipeline}}
        (folder / "par.yaml").write_text("# @package _global_\n" + json.dumps(content))
        return ["--config-dir", "conf", "+experiment=par"]

    def run(self, steps: dict[str, Any], inputs: dict[str, str], *words: str, **pipeline: Any) -> Any:
        return self.line.run(*self.write(steps, inputs, **pipeline), *words)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in (self.line.workspace / "runs" / "par").glob("*/run.json")]

    def step(self, name: str) -> tuple[dict[str, Any], Path]:
        """Return the newest run of a step of the pipeline, and its outputs."""
        parents = {record["id"] for record in self.records() if "step" not in record["properties"]}
        matching = [
            record
            for record in self.records()
            if record["properties"].get("step") == name and record["properties"]["pipeline"] in parents
        ]
        newest = max(matching, key=lambda record: record["created"])
        return newest, self.line.workspace / "runs" / "par" / newest["id"] / "outputs"

    def left(self, name: str) -> list[str]:
        """Return the names of the files that a step left, sorted."""
        return sorted(path.name for path in self.step(name)[1].iterdir())

    def pieces(self, name: str) -> list[dict[str, Any]]:
        """Return the runs of a step's pieces, in their order."""
        step = self.step(name)[0]["id"]
        pieces = [record for record in self.records() if record["properties"].get("pipeline") == step]
        return sorted(pieces, key=lambda record: str(record["properties"]["step"]))


@pytest.fixture
def workspace(command_line: CommandLine) -> Workspace:
    return Workspace(command_line)


def folder_of(path: Path, names: list[bytes]) -> str:
    """Make a folder of files whose content is their number."""
    path.mkdir()
    for number, name in enumerate(sorted(names)):
        (path / os.fsdecode(name)).write_text(str(number))
    return f"./{path.name}"


def table_of(path: Path, rows: int) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["number", "text"])
        table.writerows([number, TEXTS[number % len(TEXTS)]] for number in range(rows))
    return f"./{path.name}"


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


SIZES = (0, 1, 3, 4, 5, 13)


@pytest.mark.slow("runs 26 pieces", seconds=90)
def test_any_number_of_files_gives_results_in_their_order(workspace: Workspace) -> None:
    inputs = {
        f"of{size}": folder_of(workspace.line.folder / f"of{size}", [b"%04d.txt" % number for number in range(size)])
        for size in SIZES
    }
    steps = {
        f"of{size}": {
            "job": {"script": "entry.py"},
            "parallel": {"inputs": f"${{input:of{size}}}", "mini_batch": "4 files", "append_to": "found/all.csv"},
        }
        for size in SIZES
    }
    done = workspace.run(steps, inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    for size in SIZES:
        record, outputs = workspace.step(f"of{size}")
        wanted = [[(b"%04d.txt" % number).hex(), str(number)] for number in range(size)]
        assert rows_of(outputs / "found/all.csv") == wanted
        assert len(workspace.pieces(f"of{size}")) == (size + 3) // 4
        assert record["finalize"]["metrics"] == {"items": size, "failed_items": 0}
    again = workspace.run(steps, inputs)
    assert again.stdout.count("reused") == len(SIZES)


@pytest.mark.slow("runs 17 pieces", seconds=90)
def test_any_number_of_rows_keeps_quotes_and_line_breaks(workspace: Workspace) -> None:
    inputs = {f"of{size}": table_of(workspace.line.folder / f"of{size}.csv", size) for size in SIZES}
    steps: dict[str, Any] = {
        f"of{size}": {
            "job": {"script": "plain.py", "arguments": [f"${{input:of{size}}}"]},
            "parallel": {"inputs": f"${{input:of{size}}}", "mini_batch": "4 rows", "append_to": "all.csv"},
        }
        for size in SIZES
    }
    steps["frame"] = {
        "job": {"script": "frame.py"},
        "parallel": {"inputs": "${input:of13}", "mini_batch": "10 rows", "append_to": "twice.tsv"},
    }
    done = workspace.run(steps, inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    for size in SIZES:
        _, outputs = workspace.step(f"of{size}")
        if size:
            assert rows_of(outputs / "all.csv") == rows_of(workspace.line.folder / f"of{size}.csv")
        else:
            assert (outputs / "all.csv").read_bytes() == b""
        assert len(list(outputs.glob("of-*.txt"))) == (size + 3) // 4
    _, outputs = workspace.step("frame")
    with (outputs / "twice.tsv").open(newline="", encoding="utf-8") as file:
        assert [row["twice"] for row in csv.DictReader(file, delimiter="\t")] == [
            str(2 * number) for number in range(13)
        ]


@pytest.mark.slow("runs 4 pieces", seconds=60)
def test_hostile_names_of_files(workspace: Workspace) -> None:
    names = [b"a b", b"-rf", b"two\nlines", b'"quoted"', b"it's", b"$(x)", "é𝔘".encode(), b"\xff", b"{a,b}", b"*"]
    inputs = {"files": folder_of(workspace.line.folder / "my files", names)}
    steps = {
        "score": {
            "job": {"script": "entry.py"},
            "parallel": {"inputs": "${input:files}", "mini_batch": 3, "append_to": "all.csv"},
        }
    }
    done = workspace.run(steps, inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = rows_of(workspace.step("score")[1] / "all.csv")
    assert sorted(rows) == sorted([name.hex(), str(number)] for number, name in enumerate(sorted(names)))


@pytest.mark.slow("runs 20 pieces", seconds=90)
def test_failed_items_retries_and_the_threshold(workspace: Workspace) -> None:
    folder = workspace.line.folder
    names = [b"1", b"2bad", b"3", b"4bad", b"5"]
    inputs = {"files": folder_of(folder / "files", names), "once": folder_of(folder / "once", [b"fails1", b"other"])}
    entry = {"script": "entry.py"}

    def over(threshold: int) -> dict[str, Any]:
        settings = {"inputs": "${input:files}", "mini_batch": 2, "append_to": "all.csv"}
        return {"job": dict(entry), "parallel": {**settings, "error_threshold": threshold}}

    counts = {name: folder / name for name in ("with", "without", "allowed")}
    for path in counts.values():
        path.mkdir()

    def counted(name: str, retries: int, threshold: int) -> dict[str, Any]:
        job = {"script": "counted.py", "arguments": ["${input:once}", str(counts[name])]}
        parallel = {"inputs": "${input:once}", "mini_batch": 1, "error_threshold": threshold}
        return {"job": job, "parallel": parallel, "retries": retries}

    steps = {
        "none": over(0), "one": over(1), "two": over(2), "any": over(-1),
        "with": counted("with", 1, 0), "without": counted("without", 0, 0), "allowed": counted("allowed", 0, 1),
    }  # fmt: skip
    done = workspace.run(steps, inputs, continue_on_step_failure=True)
    assert done.returncode == 2
    status = {name: workspace.step(name)[0]["status"] for name in steps}
    assert status == {
        "none": "failed", "one": "failed", "two": "completed", "any": "completed",
        "with": "completed", "without": "failed", "allowed": "completed",
    }  # fmt: skip
    assert "2 of 5 items failed, parallel.error_threshold=1" in done.stdout
    assert "1 of 2 items failed, parallel.error_threshold=0 (piece 0001: " in done.stdout
    assert len(rows_of(workspace.step("two")[1] / "all.csv")) == 3
    assert workspace.step("two")[0]["finalize"]["metrics"]["failed_items"] == 2
    assert workspace.left("allowed") == ["other"]
    assert workspace.left("with") == ["fails1", "other"]


@pytest.mark.slow("runs 6 pieces, and a controller twice", seconds=60)
def test_resume_after_a_kill_computes_only_what_is_missing(workspace: Workspace) -> None:
    folder, names = workspace.line.folder, [b"1", b"2", b"waits", b"x", b"y"]
    inputs, count = {"files": folder_of(folder / "files", names)}, folder / "count"
    count.mkdir()
    job = {"script": "counted.py", "arguments": ["${input:files}", str(count)]}
    steps = {"score": {"job": job, "parallel": {"inputs": "${input:files}", "mini_batch": "1 file"}}}
    words = workspace.write(steps, inputs)
    controller = workspace.line.start("runner", *words, "compute.slots=1")
    lines = count / "lines"
    wait_for(lambda: lines.exists() and "waits" in lines.read_text().split())  # pieces may overtake each other
    controller.kill()
    controller.communicate()
    (count / "go").touch()
    run = next(record["id"] for record in workspace.records() if "step" not in record["properties"])
    done = workspace.line.vivero("pipeline", "resume", run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert workspace.left("score") == [os.fsdecode(name) for name in names]
    assert sorted(lines.read_text().split()) == [os.fsdecode(name) for name in names]  # each once
    (folder / "files" / "z").touch()
    more = workspace.run(steps, inputs)
    assert more.returncode == 0
    assert lines.read_text().split()[5:] == ["z"]


@pytest.mark.slow("starts two pieces", seconds=40)
def test_ctrl_c_cancels_all_pieces(workspace: Workspace) -> None:
    folder = workspace.line.folder
    inputs, count = (
        {"files": folder_of(folder / "files", [b"waits%d" % number for number in range(9)])},
        folder / "count",
    )
    count.mkdir()
    job = {"script": "counted.py", "arguments": ["${input:files}", str(count)]}
    steps = {"score": {"job": job, "parallel": {"inputs": "${input:files}", "mini_batch": "1 file"}}}
    controller = workspace.line.start("runner", *workspace.write(steps, inputs), "compute.slots=2")
    lines = count / "lines"
    wait_for(lambda: lines.exists() and len(lines.read_text().split()) == 2)
    controller.send_signal(signal.SIGINT)
    assert workspace.line.finish(controller).returncode == 130
    assert {record["status"] for record in workspace.records()} == {"canceled"}
    assert len(lines.read_text().split()) == 2


@pytest.mark.parametrize(
    ("parallel", "message"),
    [
        ({"inputs": "${input:files}", "mini_bach": 3}, "Did you mean 'pipeline.steps.score.parallel.mini_batch'?"),
        ({"inputs": "${input:file}"}, "Did you mean 'files'?"),
        ({"inputs": "${step:nothing.clean}"}, "step 'nothing' does not exist"),
        ({"inputs": "${input:files}", "mini_batch": "3 pages"}, "mini_batch=3 pages is not valid"),
        ({"inputs": "${input:files}", "append_to": "../x.csv"}, "is not a file in the outputs folder"),
    ],
    ids=str,
)
def test_mistakes_are_said_before_anything_starts(workspace: Workspace, parallel: dict[str, Any], message: str) -> None:
    inputs = {"files": folder_of(workspace.line.folder / "files", [b"1"])}
    done = workspace.run({"score": {"job": {"script": "entry.py"}, "parallel": parallel}}, inputs)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert message in done.stderr
    assert not workspace.line.workspace.exists()


@pytest.mark.slow("runs 2 pieces", seconds=40)
def test_a_name_that_two_pieces_wrote_is_refused(workspace: Workspace) -> None:
    inputs = {"table": table_of(workspace.line.folder / "table.csv", 3)}
    job = {"script": "plain.py", "arguments": ["${input:table}"]}
    steps = {"score": {"job": job, "parallel": {"inputs": "${input:table}", "mini_batch": "2 rows"}}}
    done = workspace.run(steps, inputs)
    assert done.returncode == 2
    assert "The pieces 0001 and 0002 both wrote outputs/all.csv" in done.stdout + done.stderr
