"""A misspelt parameter is refused before the run, by what the class in the run's environment says."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runner.errors import UserError
from runner.execution.plan import Plan
from runner.layout import Layout
from runner.training import known_parameters
from tests.support.command_line import CONF, CommandLine
from tests.support.training import option

SVC = {"_target_": "sklearn.svm.SVC"}
FOREST = {"_target_": "sklearn.ensemble.RandomForestClassifier"}
WORDS = {
    "estimator.gama=3": "estimator.gama: SVC has no parameter 'gama'. Did you mean 'estimator.gamma'?",
    "preprocessing=standard preprocessing.with_maen=false": "preprocessing.with_maen: StandardScaler has no parameter",
    "-m estimator.gama=3,4": "estimator.gama: SVC has no parameter 'gama'. Did you mean 'estimator.gamma'?",
    "estimator._target_=sklearn.svm.SVX estimator.C=1": "sklearn.svm has no class SVX. Did you mean",
    "estimator._target_=sklearn.svm.SVCC": "estimator._target_: sklearn.svm has no class SVCC. Did you mean 'SVC'?",
    "+estimator.x.y=3": "estimator.x: SVC has no parameter 'x'",
}


@pytest.mark.parametrize("words", WORDS)
def test_nothing_is_started(words: str, command_line: CommandLine) -> None:
    done = command_line.run("train.data=sklearn:iris", "estimator=svc", *words.split())
    assert done.returncode == 1 and WORDS[words] in done.stderr
    assert done.stderr.count("\n") == 1 and not (command_line.workspace / "runs").exists()


def plan(root: Path, estimator: Any, preprocessing: Any = None, *, environment: str = "current") -> Plan:
    trees = {"estimator": estimator, "preprocessing": preprocessing or {}}
    spec = SimpleNamespace(
        environment=SimpleNamespace(kind=environment), compute=SimpleNamespace(kind="local"), **trees
    )
    return cast("Plan", SimpleNamespace(spec=spec, config=trees, layout=Layout(root)))


class Asked:
    """Counts the questions, in what must be a new process that knows of no earlier answer."""

    def __init__(self, monkeypatch: Any) -> None:
        self.count, ask = 0, known_parameters._asked

        def counted(classes: Any) -> Any:
            self.count += 1
            return ask(classes)

        monkeypatch.setattr(known_parameters, "_asked", counted)

    def check(self, *arguments: Any, **options: Any) -> int:
        """Check a plan as a new process does, and return how many questions that took."""
        known_parameters._kept.clear()
        before = self.count
        known_parameters.check_parameters(plan(*arguments, **options))
        return self.count - before


@pytest.fixture
def asked(monkeypatch: Any) -> Asked:
    return Asked(monkeypatch)


def test_an_answer_is_kept(asked: Asked, tmp_path: Path) -> None:
    assert asked.check(tmp_path, SVC) == 1, "a class without parameters can be misspelt, too"
    assert asked.check(tmp_path, {**SVC, "C": 3}) == 0
    assert asked.check(tmp_path, {**SVC, "gamma": 3, "C": 4}) == 0
    assert asked.check(tmp_path, {**FOREST, "max_depth": 3}) == 1
    nested = {"_target_": "sklearn.ensemble.BaggingClassifier", "estimator": {**SVC, "C": 3}}
    assert asked.check(tmp_path, nested) == 1
    with pytest.raises(UserError, match=r"estimator\.estimator\.D: SVC has no parameter 'D'"):
        asked.check(tmp_path, {**nested, "estimator": {**SVC, "D": 3}})


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"sklearn.svm.SVC": 3}', '{"sklearn.svm.SVC": [1, 2]}', "stale", "number"]
)
def test_what_was_kept_refuses_nothing(damage: str, asked: Asked, tmp_path: Path) -> None:
    """A parameter that came with another release is found by asking again."""
    asked.check(tmp_path, {**SVC, "C": 3})
    kept = Layout(tmp_path).parameters
    if damage in ("stale", "number"):
        content = json.loads(kept.read_text())
        names = content["sklearn.svm.SVC"][1]
        content["sklearn.svm.SVC"][1] = 5 if damage == "number" else [name for name in names if name != "gamma"]
        damage = json.dumps(content)
    kept.write_text(damage)
    assert asked.check(tmp_path, {**SVC, "gamma": 3}) == 1
    assert asked.check(tmp_path, {**SVC, "gamma": 3}) == 0


def test_what_is_asked_elsewhere(asked: Asked, tmp_path: Path) -> None:
    assert asked.check(tmp_path, {**SVC, "gama": 3}, environment="venv") == 0
    assert asked.check(tmp_path, {"_target_": "absent.Model", "gama": 3}) == 0
    asked.check(tmp_path / "absent", {**SVC, "C": 3})
    assert not (tmp_path / "absent").exists()


def test_options_with_their_own_parameters(asked: Asked, tmp_path: Path) -> None:
    names = [path.stem for path in sorted((CONF / "estimator").glob("*.yaml")) if path.stem != "none"]
    trees = {name: option("estimator", name) for name in names}
    before = [option("preprocessing", path.stem) for path in sorted((CONF / "preprocessing").glob("*.yaml"))]
    assert asked.check(tmp_path, list(trees.values()), before) == 1, "one process for all"


def test_an_environment_that_does_not_answer_is_left_to_the_run(tmp_path: Path, monkeypatch: Any) -> None:
    known_parameters._kept.clear()
    monkeypatch.setattr("sys.executable", "/bin/false")
    known_parameters.check_parameters(plan(tmp_path, {**SVC, "gama": 3}))
