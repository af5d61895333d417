"""Results that a script leaves elsewhere than in ``outputs``."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runner.stages.collect import read_metrics
from tests.support.command_line import CommandLine
from tests.support.records import record_of

SCRIPT = """
import json, os, pathlib
for name in ("plots/a.png", "plots/deep/b.png", "plots/notes.txt", "result/x/y.bin", "outputs/plots/a.png"):
    pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(name).write_text(name)
pathlib.Path("metrics.json").write_text(json.dumps({"acc": 0.9, "eval": {"f1": 1, "ok": True}, "all": [1, 2]}))
pathlib.Path("eval.yaml").write_text("loss: .nan\\nname: best\\n")
pathlib.Path("report.txt").write_text("precision: 95%\\nrecall = 0.5\\nsupport 38\\nthis is text\\n")
pathlib.Path("table.csv").write_text("a,b")
pathlib.Path("broken.json").write_text("{")
os.symlink("/etc/passwd", "plots/link.png")
"""


def test_files_and_metrics_are_taken_along(command_line: CommandLine) -> None:
    command_line.script(SCRIPT)
    (command_line.folder / "src" / "old.png").write_text("of the source, unchanged")
    done = command_line.run(
        "job.source=src", "job.script=train.py",
        "job.outputs=[metrics.json, 'plots/*.png', '**/b.png', result, '*.png', none.csv]",
        "job.metrics_files=[metrics.json, '*.yaml', report.txt, broken.json, absent.json, table.csv]",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    record = record_of(command_line)
    kept = [output["path"] for output in record["finalize"]["outputs"]]
    assert kept == ["metrics.json", "plots/a.png", "plots/deep/b.png", "result/x/y.bin"]
    assert record["metrics"] == {
        "acc": 0.9, "eval.f1": 1, "eval.ok": True, "loss": "NaN", "name": "best", "precision": 95.0, "recall": 0.5,
        "support": 38.0,
    }  # fmt: skip
    notes = " ".join(record["finalize"]["notes"])
    for said in (
        "did not write none.csv",
        "did not write *.png",
        "no metrics could be read from work/broken.json",
        "did not write absent.json",
        "table.csv has no metrics",
    ):
        assert said in notes, notes
    logged = [
        json.loads(line) for path in command_line.workspace.glob("runs/*/*/metrics.jsonl") for line in path.open()
    ]
    assert [line["value"] for line in logged if line["name"] == "acc"] == [0.9]  # once, though it is an output too
    assert [(line["value"], line["kind"]) for line in logged if line["name"] == "all"] == [(1, "list"), (2, "list")]
    (outputs,) = command_line.workspace.glob("runs/*/*/outputs/plots/a.png")
    assert outputs.read_text() == "outputs/plots/a.png"  # the script's own comes first


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("a.json", '{"a": {"b": {"c": 1}}, "d": null, "e": "x"}', {"a.b.c": 1, "e": "x"}),
        ("a.yml", "a: 1e-3\nb: yes\n", {"a": 0.001, "b": True}),
        ("a.json", '{"p": "95%", "t": "hi"}', {"p": 95.0, "t": "hi"}),
        ("a.json", '{"l": [1, 2.5], "m": [1, "x"], "n": []}', {"l": [1, 2.5]}),
        ("a.txt", "\ufeffa: 1\r\n\r\nb=2\r\nc 3 \r\nd: e\r\n", {"a": 1, "b": 2, "c": 3}),
        ("a.json", "[1]", None), ("a.json", "nonsense", None), ("a.yaml", "a: [", None), ("a.yaml", "", None),
    ],
)  # fmt: skip
def test_a_file_of_metrics(name: str, text: str, values: Any, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    if values is None:
        with pytest.raises(ValueError, match=r"."):
            read_metrics(tmp_path / name)
    else:
        assert read_metrics(tmp_path / name) == values


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("job.outputs=[/etc/*]", "'/etc/*' is outside the script"),
        ("job.metrics_files=[a/../../b.json]", "is outside the script's working directory"),
        ("job.script=train.ipynb", "train.ipynb is a notebook, but a run needs a script. Convert it: jupyter"),
    ],
)
def test_what_cannot_be_is_one_line(word: str, said: str, command_line: CommandLine) -> None:
    command_line.script("print(1)\n")
    (command_line.folder / "src" / "train.ipynb").write_text("{}")
    done = command_line.run("job.source=src", *(["job.script=train.py"] if "script" not in word else []), word)
    assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1, done.stderr


MANY = """
import joblib
from sklearn.linear_model import LinearRegression
for number in (1, 2):
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, number]), f"outputs/m{number}.joblib")
"""


def test_a_model_of_a_finished_run_is_registered_without_training_again(command_line: CommandLine) -> None:
    command_line.script(MANY)
    failed = command_line.run("job.source=src", "job.script=train.py", "model.name=line")
    assert failed.returncode == 2 and re.search(
        r"vivero models register src-\S+ --path outputs/m1\.joblib", failed.stdout
    )
    words = ["models", "register", "latest", "--path", "outputs/m2.joblib"]
    done = command_line.vivero(*words, "--description", "the second", "--tag", "n=2")
    assert done.stdout.startswith("Registered line:1 of run "), done.stderr
    shown = json.loads(command_line.vivero("models", "show", "line", "--json").stdout)
    assert (shown["artefact"], shown["description"], shown["tags"]) == ("m2.joblib", "the second", {"n": "2"})
    assert shown["run"] == record_of(command_line)["id"] and shown["inspection"]["features"] == 1 and shown["lock"]
    other = command_line.vivero(*words, "--name", "other", "--json")
    assert json.loads(other.stdout)["version"] == 1
    wrong = command_line.vivero("models", "register", "latest", "--path", "outputs/none.joblib")
    assert wrong.returncode == 1 and "the run did not write outputs/none.joblib" in wrong.stderr
