import math
from typing import Any

import pytest

from runner.errors import UserError
from runner.sweeps.ranking.best import best_trials
from runner.sweeps.records import EARLY, Objective, TrialRecord
from runner.sweeps.search.make import SearchSettings, make_search
from runner.sweeps.space.search_space import make_space

SPACE = make_space({"a": {"uniform": [-5, 5]}, "b": ["x", "y"], "+c": {"normal": [0, 1]}, "d": {"quniform": [0, 9, 3]}})
LOSS = Objective(metric="loss", goal="minimize")


def bayesian(objectives: Any = (LOSS,), seed: int = 0, space: Any = SPACE, trials: int = 40) -> Any:
    return make_search(SearchSettings("bayesian", seed, trials, objectives), space)


def trial(number: Any, parameters: Any, status: str = "completed", reason: Any = None, **metrics: Any) -> Any:
    return TrialRecord(
        number=number, run=f"r{number}", parameters=parameters, status=status, reason=reason, metrics=metrics
    )


def loss(parameters: Any) -> Any:
    return (parameters["a"] - 2) ** 2 + (parameters["b"] == "x")


def play(search: Any, numbers: Any) -> Any:
    suggestions = []
    for number in numbers:
        suggestion = search.ask(number)
        suggestions.append(suggestion)
        search.tell(trial(number, suggestion.parameters), (loss(suggestion.parameters),))
    return suggestions


def test_it_learns() -> None:
    losses = [loss(suggestion.parameters) for suggestion in play(bayesian(), range(40))]
    assert sum(losses[30:]) / 10 < sum(losses[:10]) / 10 / 2
    assert bayesian().ask(40) is None


def test_the_same_seed_and_results_give_the_same_suggestions() -> None:
    assert play(bayesian(), range(20)) == play(bayesian(), range(20)) != play(bayesian(seed=1), range(20))


def test_resumed_it_goes_on_as_it_would_have() -> None:
    whole = play(bayesian(), range(20))
    resumed = bayesian()
    for number, suggestion in enumerate(whole[:12]):
        resumed.tell(trial(number, suggestion.parameters), (loss(suggestion.parameters),))
    after = play(resumed, range(12, 20))
    assert resumed.left_out == []
    for expected, actual in zip(whole[12:], after, strict=True):
        assert actual.parameters["b"] == expected.parameters["b"]
        assert actual.parameters["a"] == pytest.approx(expected.parameters["a"])


def test_questions_before_an_answer_differ() -> None:
    search = bayesian()
    play(search, range(12))
    draws = [search.ask(number).parameters["a"] for number in range(12, 20)]
    assert len(set(draws)) == 8


def test_failed_and_stopped_trials_are_told() -> None:
    search = bayesian()
    ends = [
        ("failed", None, (1.0,)),
        ("canceled", EARLY, (9.0,)),
        ("completed", None, (math.nan,)),
        ("failed", None, None),
    ]
    for number, (status, reason, values) in enumerate(ends):
        search.tell(trial(number, search.ask(number).parameters, status, reason), values)
    assert [str(trial.state.name) for trial in search._study.trials] == ["FAIL", "COMPLETE", "FAIL", "FAIL"]
    assert search.ask(4)


def test_a_warm_start_leaves_out_what_is_outside() -> None:
    search = bayesian()
    inside = {"a": 2.0, "b": "y", "c": 0.1, "d": 3}
    changes: list[dict[str, Any]] = [{}, {"a": 6.0}, {"b": "z"}, {"d": 4}, {"a": "2"}]
    for number, change in enumerate(changes):
        search.tell(trial(number, {**inside, **change}), (0.5,))
    lacking = {name: value for name, value in inside.items() if name != "c"}
    search.tell(trial(5, lacking), (0.5,))
    assert len(search._study.trials) == 1
    assert [line.split("its ")[1][0] for line in search.left_out] == ["a", "b", "d", "a", "c"]
    assert search.ask(0).overrides[2].startswith("+c=")


def test_several_objectives() -> None:
    goals = (LOSS, Objective(metric="accuracy", goal="maximize"))
    search = bayesian(goals)
    for number in range(15):
        parameters = search.ask(number).parameters
        search.tell(trial(number, parameters), (loss(parameters), parameters["a"]))
    assert len(search._study.best_trials) >= 1


def test_mistakes() -> None:
    for settings, message in [
        (SearchSettings("bayesain", max_trials=1), "Did you mean 'bayesian'"),
        (SearchSettings("random"), "Set sweep.max_trials=N"),
        (SearchSettings("grid", max_trials=0), "at least 1"),
        (SearchSettings("bayesian", max_trials=3), "For example: sweep.objective='maximize accuracy'"),
    ]:
        with pytest.raises(UserError) as caught:
            make_search(settings, SPACE)
        assert message in str(caught.value)
    with pytest.raises(UserError, match="nothing to try"):
        make_search(SearchSettings("grid"), make_space({}))


def test_optuna_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(UserError, match="needs optuna"):
        bayesian()


UP, DOWN = Objective(metric="up", goal="maximize"), Objective(metric="down", goal="minimize")


def test_the_best_of_one_objective() -> None:
    trials = [
        trial(3, {}, up=0.9),
        trial(1, {}, up=0.9),
        trial(0, {}, up=0.1),
        trial(2, {}, "failed", up=2.0),
        trial(4, {}, "canceled", EARLY, up=2.0),
        trial(5, {}, up=math.inf),
        trial(6, {}, up=math.nan),
        trial(7, {}),
    ]
    assert best_trials((UP,), trials) == (1,)
    assert best_trials((Objective(metric="up", goal="minimize"),), trials) == (0,)
    assert best_trials((), trials) == ()
    assert best_trials((UP,), trials[3:]) == ()


def test_the_pareto_front() -> None:
    # number   0    1    2    3    4      0 and 4 are equal, both stay; 2 is worse than 1 in down, equal in up
    # up       5    3    3    1    5
    # down     5    2    3    1    5
    points = [(5, 5), (3, 2), (3, 3), (1, 1), (5, 5)]
    trials = [trial(number, {}, up=up, down=down) for number, (up, down) in enumerate(points)]
    assert best_trials((UP, DOWN), reversed(trials)) == (0, 1, 3, 4)
