"""Which way a metric is to go, where only its name says it."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from runner.errors import UserError
from runner.sweeps.ranking.objectives import read_objectives

LESS = (
    "error rate", "mean squared error", "train time", "fit time", "score time", "runtime", "training cost", "max error",
    "log loss", "pinball loss", "my own loss", "latency", "smape", "edit distance", "wall clock seconds",
    "loss", "error", "mae", "mse", "rmse", "deviance", "brier", "regret", "time", "logloss", "brier score",
)  # fmt: skip
MORE = (
    "accuracy",
    "auc",
    "f1",
    "precision",
    "recall",
    "r2",
    "score",
    "neg log loss",
    "explained variance",
    "my own accuracy",
)
STYLES: dict[str, Callable[[list[str]], str]] = {
    "plain": " ".join,
    "snake": "_".join,
    "kebab": "-".join,
    "dotted": ".".join,
    "slash": "/".join,
    "camel": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "title": lambda words: " ".join(word.capitalize() for word in words),
    "upper": lambda words: "_".join(words).upper(),
}
BEFORE = ((), ("val",), ("mean", "test"), ("validation", "0"))


@pytest.mark.parametrize(("names", "goal"), [(LESS, "minimize"), (MORE, "maximize")], ids=["less", "more"])
@pytest.mark.parametrize("style", STYLES)
def test_a_name_says_its_goal(names: tuple[str, ...], goal: str, style: str) -> None:
    for name, before in itertools.product(names, BEFORE):
        metric = STYLES[style]([*before, *name.split()])
        for given in (metric, {"metric": metric}):
            (objective,) = read_objectives(given)
            assert (objective.metric, objective.goal) == (metric, goal)


UNCLEAR = ("error free rate", "uptime", "uptime seconds", "lifetime", "life time", "up time", "time to failure",
    "survival time", "cost saved", "loss reduction", "accuracy drop", "session duration", "again", "terror", "overtime",
    "distance to hyperplane", "bedtime", "proc")  # fmt: skip


@pytest.mark.parametrize(
    "metric",
    [
        *("x", "n", "val", "quality", "accuracy_loss", "F", "result 2", "größe"),
        *(style(name.split()) for name in UNCLEAR for style in (STYLES["snake"], STYLES["camel"], STYLES["plain"])),
        *(f"val_{STYLES['snake'](name.split())}" for name in UNCLEAR),
    ],
)
def test_what_is_unclear_is_refused_with_both_forms(metric: str) -> None:
    for given in (metric, {"metric": metric}):
        with pytest.raises(UserError) as caught:
            read_objectives(given)
        assert f"'maximize {metric}'" in str(caught.value) and f"'minimize {metric}'" in str(caught.value)


@pytest.mark.parametrize("goal", ["maximize", "minimize", "Maximise", "MINIMIZE"])
@pytest.mark.parametrize("metric", ["x", "loss", "accuracy loss", "Accuracy"])
def test_a_goal_that_is_said_holds(goal: str, metric: str) -> None:
    expected = goal.lower().replace("maximise", "maximize")
    given: Any
    for given in (f"{goal}  {metric}", {"metric": metric, "goal": goal}, [f"{goal} {metric}"]):
        (objective,) = read_objectives(given)
        assert (objective.metric, objective.goal) == (metric, expected)


def test_several_are_kept_in_their_order_and_none_is_none() -> None:
    objectives = read_objectives(["minimize x", {"metric": "accuracy"}])
    assert [(objective.metric, objective.goal) for objective in objectives] == [
        ("x", "minimize"),
        ("accuracy", "maximize"),
    ]
    assert read_objectives(None) == ()


MISTAKES: list[tuple[Any, str]] = [
    (["loss", "minimize loss"], "names loss twice"),
    (3, "3 is not an objective"),
    ({"metric": "loss", "gaol": "minimize"}, "has no setting 'gaol'.*Did you mean 'goal'"),
    ({"goal": "minimize"}, "needs the name of a metric"),
    ({"metric": ""}, "needs the name of a metric"),
    ({"metric": ["loss"]}, "needs the name of a metric"),
    ("", "needs the name of a metric"),
    ({"metric": "loss", "goal": "maximum"}, "maximum is not a goal.*Did you mean 'maximize'"),
]


@pytest.mark.parametrize(("given", "said"), MISTAKES)
def test_what_is_no_objective_is_named(given: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_objectives(given)
