"""The best trial's model becomes a version, with its lineage, and takes the alias only when it wins."""

import json

from runner.layout import Layout
from runner.store.registry import FileRegistry
from runner.sweeps.store import SweepStore
from tests.support.command_line import CommandLine

WORDS = ("-m", "+experiment=iris", "job.arguments.kernel=linear,rbf", "job.arguments.penalty=0.01,1")


def test_the_best_trials_model_is_registered(command_line: CommandLine) -> None:
    done = command_line.run(*WORDS, "sweep.objective=Accuracy", "model.promote_if='Accuracy > champion'")
    assert done.returncode == 0, done.stdout + done.stderr
    layout = Layout(command_line.workspace)
    store, registry = SweepStore(layout), FileRegistry(layout)
    sweep = store.find("latest")
    assert sweep.model == "sklearn-iris:1" and registry.versions("sklearn-iris") == [1]
    record = registry.read("sklearn-iris", 1)
    best = sweep.trials[sweep.best[0]]
    assert record.run == best.run and record.properties["sweep"] == sweep.id
    assert record.properties["trial"] == str(best.number)
    assert record.metrics["Accuracy"] == max(trial.metrics["Accuracy"] for trial in sweep.trials)
    assert registry.aliases("sklearn-iris") == {"champion": 1}
    again = command_line.run(*WORDS, "sweep.objective=Accuracy", "model.promote_if='Accuracy > champion'")
    assert again.returncode == 0 and registry.versions("sklearn-iris") == [1, 2]
    assert registry.aliases("sklearn-iris") == {"champion": 1}  # as good is not better


def test_all_or_none(command_line: CommandLine) -> None:
    layout = Layout(command_line.workspace)
    assert command_line.run(*WORDS, "sweep.objective=Accuracy", "model.register=none").returncode == 0
    assert FileRegistry(layout).names() == []
    assert command_line.run(*WORDS[:-1], "sweep.objective=Accuracy", "model.register=all").returncode == 0
    assert FileRegistry(layout).versions("sklearn-iris") == [1, 2]


def test_without_an_objective_nothing_is_best(command_line: CommandLine) -> None:
    assert command_line.run(*WORDS[:-1]).returncode == 0
    assert FileRegistry(Layout(command_line.workspace)).names() == []
    shown = json.loads(command_line.vivero("sweep", "latest", "--json").stdout)
    assert shown["best"] == []
