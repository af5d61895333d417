"""``vivero runs``, ``show``, ``metrics`` and ``compare``."""

import csv
import dataclasses
import io
import json
from typing import Any

import pytest

from runner.io.files import write_json
from tests.support.command_line import CommandLine
from tests.support.history import History


@pytest.fixture
def three(history: History) -> Any:
    return [
        history.run(metrics={"accuracy": 0.9}, tags={"k": "a"}),
        history.run(metrics={"accuracy": 0.99}, tags={"k": "b", "l": "c"}, status="failed", error="exit code 7"),
        history.run("digits", metrics={"loss": 2.0}),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [2, 1, 0]),
        (["--reverse"], [0, 1, 2]),
        (["--experiment", "iris"], [1, 0]),
        (["--status", "FAILED"], [1]),
        (["--tag", "k=b", "--tag", "l=c"], [1]),
        (["--tag", "k=b", "--tag", "l=x"], []),
        (["--where", "accuracy > 0.95"], [1]),
        (["--where", "accuracy > 0.5 and status == 'completed'"], [0]),
        (["--sort", "accuracy"], [1, 0, 2]),
        (["--limit", "1"], [2]),
        (["--limit", "0"], [2, 1, 0]),
    ],
)
def test_filters_and_order(words: Any, expected: Any, history: History, three: Any) -> None:
    rows = history.json("runs", *words)
    assert [row["id"] for row in rows] == [three[position].id for position in expected]


def test_fifty_unless_told(history: History) -> None:
    for _ in range(52):
        history.run()
    assert len(history.json("runs")) == 50
    assert len(history.json("runs", "--limit", "0")) == 52


def test_a_pipe_gets_aligned_columns(history: History, three: Any) -> None:
    done = history.vivero("runs")
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["RUN", "STATUS", "PARAMS", "METRICS", "DURATION", "CREATED", "MODEL", "EXPERIMENT"]
    assert len(rows) == 3
    column = header.index("EXPERIMENT")
    assert {row[column:].split()[0] for row in rows} == {"iris", "digits"}
    assert "accuracy=0.99" in done.stdout and "\x1b" not in done.stdout


def test_columns_of_ones_own(history: History) -> None:
    for c, kernel in ((2, "rbf"), (10, "linear"), (1, "poly")):
        history.run(config={"job": {"arguments": {"c": c, "kernel": kernel}}}, metrics={"loss": 1 / c}, tags={"a": "b"})
    done = history.vivero("runs", "--columns", "params.c,params.kernel,metrics.loss,tags.a", "--sort", "params.c")
    header, *rows = [line.split() for line in done.stdout.splitlines()]
    assert header == ["c", "kernel", "loss", "a"] and [row[:2] for row in rows] == [
        ["10", "linear"], ["2", "rbf"], ["1", "poly"]
    ]  # fmt: skip
    assert [row["params"]["c"] for row in history.json("runs", "--where", "params.c < 5 and tags.a == 'b'")] == [1, 2]
    wrong = history.vivero("runs", "--columns", "id,metric.loss")
    assert wrong.returncode == 1 and "Did you mean 'metrics'?" in wrong.stderr


@pytest.mark.parametrize("sort", [None, "epochs", "metrics.epochs", "val_loss"])
@pytest.mark.parametrize(
    "objective",
    ["val_loss", "minimize val_loss", {"metric": "val_loss", "goal": "minimize"}, ["val_loss", "accuracy"], 7],
)
def test_the_objective_is_the_first_metric(history: History, objective: Any, sort: str | None) -> None:
    history.run(
        metrics={"a": 1, "accuracy": 2, "b": 3, "epochs": 4, "val_loss": 5}, config={"sweep": {"objective": objective}}
    )
    shown = history.vivero("runs", "--columns", "metrics", *(["--sort", sort] if sort else [])).stdout
    names = [word.partition("=")[0] for word in shown.splitlines()[1].split()]
    first = [(sort or "").removeprefix("metrics.")] if sort else []
    first += ["val_loss", "accuracy"] if isinstance(objective, list) else ["val_loss"] if objective != 7 else []
    expected = list(dict.fromkeys([*first, "a", "accuracy", "b", "epochs"]))
    assert names == [*expected[:3], "..."]


def test_csv_has_a_column_for_each_name(history: History) -> None:
    history.run(config={"job": {"arguments": {"c": 1, "name": 'a, "b"'}}}, metrics={"loss": 0.1})
    history.run(config={"job": {"arguments": ["x"]}}, metrics={"accuracy": 0.25}, tags={"team": "red"})
    second, first = csv.DictReader(io.StringIO(history.vivero("runs", "--csv").stdout))
    assert (first["params.c"], first["params.name"], first["metrics.loss"]) == ("1", 'a, "b"', "0.1")
    assert (second["params.c"], second["metrics.accuracy"], second["tags.team"]) == ("", "0.25", "red")


def test_nothing_to_list(history: History) -> None:
    done = history.vivero("runs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "No runs yet" in done.stderr
    assert history.json("runs") == []


def test_a_record_from_the_future_does_not_hide_the_others(history: History, three: Any) -> None:
    path = history.folder_of(three[0]).record
    write_json(path, {**json.loads(path.read_text()), "format": 99})
    done = history.vivero("runs", "--json")
    assert done.returncode == 0 and len(json.loads(done.stdout)) == 2
    assert "format 99" in done.stderr


def test_a_name_cannot_steer_the_terminal(history: History) -> None:
    history.run(tags={"k": "v"}, error="\x1b[2J\x1b]0;owned\x07", status="failed")
    done = history.vivero("show", "latest")
    assert "\x1b" not in done.stdout and "\\x1b[2J" in done.stdout


@pytest.mark.parametrize("form", ["full", "part", "latest"])
def test_a_run_is_named_by_id_part_or_latest(form: str, history: History, three: Any) -> None:
    record = three[2]
    text = {"full": record.id, "part": record.id[-8:], "latest": "latest"}[form]
    assert history.json("show", text)["id"] == record.id


def test_a_part_that_several_have_is_refused(history: History, three: Any) -> None:
    assert "iris" in history.error("show", "iris")


def test_show_has_everything(history: History, full_run: Any) -> None:
    text = history.vivero("show", "latest").stdout
    for word in (
        full_run.id, "completed", "iris (run 3)", "steady_fox", "first try", "iris:1", "Preparing", "0.25 s",
        "1 m 01 s", "train.py",
        '{"kernel": "rbf"}', "job.arguments.kernel=rbf", "150.0 MB", "ab" * 32, "c0ffee", "uncommitted",
        "3.11.9", "2 packages", "team", "by script", "accuracy", "0.975", "model.joblib", "deep/plot.png", "fold=0.9",
        str(history.folder_of(full_run).root), "mine.txt",
    ):  # fmt: skip
        assert word in text, word


def test_show_as_json(history: History, full_run: Any) -> None:
    shown = history.json("show", "latest")
    assert (shown["id"], shown["status"]) == (full_run.id, "completed")
    assert shown["tags"] == {"team": "a", "set": "by script"}
    assert shown["metrics"] == {"accuracy": 0.975}
    assert shown["children"][0]["metrics"] == {"fold": 0.9}
    assert shown["logs"] == ["mine.txt", "run.log"]
    assert shown["location"] == str(history.folder_of(full_run).root)


def test_a_child_is_shown_with_what_the_script_gave_it(command_line: CommandLine) -> None:
    command_line.script(
        "from azureml.core import Run\nrun = Run.get_context()\n"
        "for kind in ('svm', 'forest'):\n"
        "    child = run.child_run(kind)\n    child.log('accuracy', 0.5)\n    child.tag('kind', kind)\n"
        "    child.add_properties({'depth': 3})\n"
        "    inner = child.child_run('fold')\n    inner.log('loss', 0.25)\n    inner.complete()\n    child.complete()\n"
    )
    assert command_line.job().returncode == 0
    shown = json.loads(command_line.vivero("show", "latest", "--json").stdout)
    first, second = shown["children"]
    assert [first["name"], second["name"]] == ["svm", "forest"] and second["tags"] == {"kind": "forest"}
    assert second["properties"] == {"depth": "3"} and second["children"][0]["metrics"] == {"loss": 0.25}
    text = command_line.vivero("show", "latest").stdout
    assert f"{second['id']}  forest  completed  accuracy=0.5" in text and "loss=0.25" in text
    for name in (second["id"], second["id"][4:], second["children"][0]["id"]):
        child_shown = command_line.vivero("show", name)
        assert child_shown.returncode == 0 and f"of run  {shown['id']}" in child_shown.stdout, (
            child_shown.stdout + child_shown.stderr
        )
    assert "kind  forest" in command_line.vivero("show", second["id"]).stdout
    missing = command_line.vivero("show", f"{shown['id']}_9")
    assert missing.returncode == 1 and "No run matches" in missing.stderr


def test_what_children_upload_is_kept_apart(command_line: CommandLine) -> None:
    """Whatever their names are: two may have the same, one may have that of a folder, or none that is a name."""
    command_line.script(
        "import os\nfrom azureml.core import Run\nrun = Run.get_context()\nos.makedirs('outputs/taken')\n"
        "run.upload_file('m.txt', __file__)\n"
        "for name in ('fold', 'fold', 'taken', '../up', None):\n"
        "    child = run.child_run(name)\n    open('m.txt', 'w').write(child.id)\n"
        "    child.upload_file('outputs/m.txt', 'm.txt')\n    child.log_image('picture', path='m.txt')\n"
        "    assert child.get_file_names() == ['outputs/m.txt', 'outputs/picture.txt']\n"
        "    child.download_file('outputs/m.txt', 'back.txt')\n    assert open('back.txt').read() == child.id\n"
        "assert [one.get_file_names() for one in run.get_children()][0][0] == 'outputs/m.txt'\n"
        "assert run.child_run('silent').get_file_names() == []\n"
    )
    done = command_line.job()
    assert done.returncode == 0, done.stdout
    shown = json.loads(command_line.vivero("show", "latest", "--json").stdout)
    folders = [child.get("outputs") for child in shown["children"]]
    assert folders[:4] == ["fold", "fold-1", "taken-1", "up"] and folders[4] == shown["children"][4]["id"]
    assert folders[5] is None
    outputs = command_line.workspace / "runs" / "src" / shown["id"] / "outputs"
    for child, folder in zip(shown["children"][:5], folders, strict=False):
        assert (outputs / folder / "m.txt").read_text() == child["id"]
        assert f"{folder}/m.txt" in command_line.vivero("show", child["id"]).stdout


def test_show_names_what_is_more_than_one_value(command_line: CommandLine) -> None:
    command_line.script(
        "from azureml.core import Run\nrun = Run.get_context()\nrun.log('accuracy', 0.9)\n"
        "run.log_list('losses', [1, 2])\nrun.log_row('place', x=1, y=2)\nrun.log_row('place', x=3, y=4)\n"
    )
    assert command_line.job().returncode == 0
    shown = command_line.vivero("show", "latest").stdout.split("Metrics")[1].split("Files")[0]
    lines = [" ".join(line.split()) for line in shown.splitlines() if line]
    assert lines == ["accuracy 0.9", "losses list, 2 entries", "place row, 2 entries"]


def test_a_damaged_child_does_not_hide_the_others(history: History, full_run: Any) -> None:
    for number, text in enumerate(("", "{", "[]", '{"number": "x"}', "\xff"), start=2):
        child = history.folder_of(full_run).children / f"{full_run.id}_{number}"
        child.mkdir()
        (child / "child.json").write_text(text)
    assert [child["metrics"] for child in history.json("show", "latest")["children"]] == [{"fold": 0.9}]


def test_show_says_why_a_run_failed(history: History) -> None:
    history.run(status="failed", error="the script ended with exit code 7")
    assert "exit code 7" in history.vivero("show", "latest").stdout


def test_metrics_as_json(history: History, full_run: Any) -> None:
    shown = history.json("metrics", "latest")
    assert shown["loss"][1] == {"value": 0.5, "step": 1, "time": "2026-07-01T12:00:30.000000Z"}
    assert shown["loss"][2]["value"] == "NaN"
    assert shown["row"] == [{"value": {"a": 1}, "step": None, "time": "2026-07-01T12:00:31.000000Z"}]


def test_metrics_as_a_table(history: History, full_run: Any) -> None:
    loss, row = history.vivero("metrics", "latest").stdout.splitlines()[1:]
    assert loss.split() == ["loss", "NaN", "0.5", "0.9", "3", "scalar"]
    assert row.split() == ["row", '{"a":', "1}", "1", "row"]


def test_a_run_without_metrics(history: History) -> None:
    history.run()
    assert history.json("metrics", "latest") == {}
    assert history.vivero("metrics", "latest").returncode == 0


@pytest.fixture
def pair(history: History, full_run: Any) -> Any:
    environment = dataclasses.replace(
        full_run.prepare.environment, packages={"scikit-learn": "1.9.0", "numpy": "2.0.0"}
    )
    other = history.run(
        metrics={"accuracy": 0.98, "f1": 0.5},
        config={"base": "elsewhere", "job": {"script": "train.py", "arguments": {"kernel": "linear", "penalty": 1}}},
        prepare=dataclasses.replace(full_run.prepare, environment=environment),
    )
    return full_run, other


def test_compare_as_json(history: History, pair: Any) -> None:
    comparison = history.json("compare", pair[0].id, pair[1].id)
    assert comparison["runs"] == [run.id for run in pair]
    assert comparison["config"] == {"job.arguments.kernel": ["rbf", "linear"], "job.arguments.penalty": [None, 1]}
    assert comparison["metrics"] == {"accuracy": [0.975, 0.98], "f1": [None, 0.5]}
    assert comparison["packages"] == {"scikit-learn": ["1.5.0", "1.9.0"]}
    assert comparison["facts"]["model"] == ["iris:1", None]


def test_compare_side_by_side(history: History, pair: Any) -> None:
    lines = history.vivero("compare", pair[0].id, pair[1].id).stdout.splitlines()
    assert lines[1].split() == [pair[0].id, pair[1].id]
    assert ["job.arguments.kernel", "rbf", "linear"] in [line.split() for line in lines]
    assert ["scikit-learn", "1.5.0", "1.9.0"] in [line.split() for line in lines]
    assert ["f1", "-", "0.5"] in [line.split() for line in lines]
    assert not any("numpy" in line for line in lines)


def test_compare_with_itself(history: History, full_run: Any) -> None:
    done = history.vivero("compare", "latest", full_run.id)
    assert "The same: configuration, packages" in done.stdout
