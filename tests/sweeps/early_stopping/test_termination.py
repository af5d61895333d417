"""Early termination: tables worked by hand."""

import math
from typing import Any

import pytest

from runner.errors import UserError
from runner.sweeps.early_stopping.policy import make_policy
from runner.sweeps.ports import Policy

NAN = math.nan


def policy_of(settings: Any, goal: str) -> Policy:
    policy = make_policy(settings, goal)
    assert policy is not None
    return policy


def stopped(settings: Any, reports: Any, goal: str = "maximize", which: Any = None) -> Any:
    """Which of the trials a fresh policy stops."""
    return [n for n in sorted(which or reports) if policy_of(settings, goal).stops(n, reports)]


def test_bandit_by_factor_to_maximize() -> None:
    # leader 0.8 at interval 2; 0.8 / 1.25 = 0.64
    #   trial   values      best   below 0.64?
    #   0       0.5 0.8     0.8    leader
    #   1       0.7 0.1     0.7    no: the best so far counts
    #   2       0.6 0.64    0.64   equal: no
    #   3       0.6 0.63    0.63   yes
    reports = {0: [0.5, 0.8], 1: [0.7, 0.1], 2: [0.6, 0.64], 3: [0.6, 0.63]}
    assert stopped({"policy": "bandit", "slack_factor": 0.25, "delay_evaluation": 2}, reports) == [3]


def test_bandit_by_factor_to_minimize() -> None:
    # leader 2.0; 2.0 * 1.5 = 3.0:  3.0 goes on, 3.1 does not
    reports = {0: [4.0, 2.0], 1: [3.0, 9.0], 2: [3.1, 3.2]}
    settings = {"policy": "bandit", "slack_factor": 0.5, "delay_evaluation": 2}
    assert stopped(settings, reports, "minimize") == [2]


def test_bandit_by_amount() -> None:
    # maximize: leader 8, 8 - 2 = 6; minimize: leader 5, 5 + 2 = 7
    reports = {0: [8.0], 1: [6.0], 2: [5.0], 3: [7.0]}
    settings = {"policy": "bandit", "slack_amount": 2}
    assert stopped(settings, reports) == [2]
    assert stopped(settings, reports, "minimize") == [0]


def test_bandit_compares_at_the_same_interval() -> None:
    # trial 0 is at 0.9 only in its third value; trial 1 has two, and is compared with 0.5
    reports = {0: [0.4, 0.5, 0.9], 1: [0.4, 0.45]}
    settings = {"policy": "bandit", "slack_factor": 0.2}
    assert stopped(settings, reports) == []
    # its third: 0.9 / 1.2 = 0.75 > 0.46
    assert stopped(settings, {**reports, 1: [0.4, 0.45, 0.46]}) == [1]


def test_bandit_never_stops_the_leader_of_negative_metrics() -> None:
    assert stopped({"policy": "bandit", "slack_factor": 0.5}, {0: [-1.0], 1: [-1.0], 2: [-2.0]}) == [2]


def test_delay_and_interval() -> None:
    # interval 2, delay 3: applies at 4, 6, 8; logged values     1 2 3 4 5 6
    settings = {"policy": "bandit", "slack_amount": 1, "evaluation_interval": 2, "delay_evaluation": 3}
    bad = [0.0] * 6
    answers = [policy_of(settings, "maximize").stops(1, {0: [9.0] * 6, 1: bad[:n]}) for n in range(7)]
    assert answers == [False, False, False, False, True, True, True]


def test_each_interval_is_judged_once() -> None:
    policy = policy_of({"policy": "bandit", "slack_amount": 1, "evaluation_interval": 2}, "maximize")
    assert not policy.stops(1, {0: [1.0, 1.0], 1: [0.5, 0.5]})
    assert not policy.stops(1, {0: [1.0, 9.0], 1: [0.5, 0.5]}), "interval 2 is over"
    assert not policy.stops(1, {0: [1.0, 9.0], 1: [0.5, 0.5, 0.5]})
    assert policy.stops(1, {0: [1.0, 9.0], 1: [0.5, 0.5, 0.5, 0.5]})
    assert policy.stops(1, {0: [1.0], 1: [0.5] * 4}), "the answer stays"


def test_an_interval_is_not_missed_when_values_arrive_together() -> None:
    # at 2 the best is 0 and the leader 5; at 3 the trial has caught up
    settings = {"policy": "bandit", "slack_amount": 1, "evaluation_interval": 2}
    assert stopped(settings, {0: [5.0, 5.0, 5.0], 1: [0.0, 0.0, 5.0]}) == [1]


def test_median_to_maximize() -> None:
    # interval 2           average   best
    #   0   1 3            2         3
    #   1   4 6            5         6
    #   2   2 1            1.5       2     equal to the median: goes on
    #   3   1 1            1         1     below
    #   4   9              -         too short to count
    # averages 1, 1.5, 2, 5: median 1.75
    reports = {0: [1, 3], 1: [4, 6], 2: [2, 1], 3: [1, 1], 4: [9]}
    settings = {"policy": "median", "delay_evaluation": 2}
    assert stopped(settings, reports) == [3]
    assert stopped(settings, {0: [1, 3], 1: [1.5, 1]}) == [1]  # averages 2, 1.25: median 1.625, best 1.5
    assert stopped(settings, {0: [1, 3], 1: [1.7, 1]}) == []  # averages 2, 1.35: median 1.675, best 1.7
    assert stopped({"policy": "median_stopping"}, {0: [2], 1: [2], 2: [2]}) == []  # ties


def test_median_to_minimize() -> None:
    # averages 1, 2, 6: median 2; best 1, 2 (equal), 5
    assert stopped({"policy": "median", "delay_evaluation": 2}, {0: [1, 1], 1: [2, 2], 2: [7, 5]}, "minimize") == [2]


def test_truncation() -> None:
    # 5 trials, 40 %: two.            value at interval 1     5 4 3 2 1
    reports = {0: [5], 1: [4], 2: [3], 3: [2], 4: [1]}
    assert stopped({"policy": "truncation", "truncation_percentage": 40}, reports) == [3, 4]
    assert stopped({"policy": "truncation", "truncation_percentage": 40}, reports, "minimize") == [0, 1]
    assert stopped({"policy": "truncation_selection", "truncation_percentage": 39}, reports) == [4], "1.95 is one"
    assert stopped({"policy": "truncation", "truncation_percentage": 19}, reports) == []
    # ties across the cut: of 5 4 2 2 2 two would go, but three are equal
    assert stopped({"policy": "truncation", "truncation_percentage": 40}, {**reports, 2: [2], 4: [2]}) == []


def test_truncation_by_the_value_at_the_interval() -> None:
    # at 2: 0 has 1, 1 has 5, 2 is not there
    reports = {0: [9, 1], 1: [1, 5], 2: [0]}
    settings = {"policy": "truncation", "truncation_percentage": 50, "delay_evaluation": 2}
    assert stopped(settings, reports) == [0]


def test_truncation_without_finished_trials() -> None:
    # 1 2 3 4, 50 %: trials 0 and 1. Trial 0 is over; 50 % of the three others is one: trial 1 either way
    # 34 %: of four one, which is trial 0; of three one, which is trial 1
    reports = {0: [1], 1: [2], 2: [3], 3: [4]}
    for percentage, exclude, expected in ((50, False, True), (50, True, True), (34, False, False), (34, True, True)):
        settings = {"policy": "truncation", "truncation_percentage": percentage, "exclude_finished_jobs": exclude}
        policy = policy_of(settings, "maximize")
        policy.ended(0)
        assert policy.stops(1, reports) is expected
        assert policy.stops(2, reports) is False


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
@pytest.mark.parametrize(
    "settings",
    [
        {"policy": "bandit", "slack_amount": 100},
        {"policy": "bandit", "slack_factor": 100},
        {"policy": "median"},
        {"policy": "truncation", "truncation_percentage": 34},
    ],
    ids=lambda settings: settings["policy"],
)
def test_nan_and_infinite_values_are_worst(goal: str, settings: Any) -> None:
    for bad in (NAN, math.inf, -math.inf):
        assert stopped(settings, {0: [1.0], 1: [2.0], 2: [bad]}, goal) == [2]
    assert stopped(settings, {0: [NAN], 1: [NAN], 2: [NAN]}, goal) == []


@pytest.mark.parametrize("settings", [{"policy": "bandit", "slack_amount": 1}, {"policy": "median"}])
def test_no_values_no_stop(settings: Any) -> None:
    assert stopped(settings, {0: [], 1: [3.0]}) == []
    assert policy_of(settings, "maximize").stops(7, {0: [1.0]}) is False


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_asha(goal: str) -> None:
    # factor 3: of the n trials that have come to the first rung, the best n // 3 go on, at least one
    #   trial     0   1   2   3   4   5
    #   value     1   2   3   4   5   6     each is the best so far when it comes: goes on
    #   value     6   5   4   3   2   1     never among the best third: only the first goes on
    sign = 1 if goal == "maximize" else -1
    settings = {"policy": "asha", "reduction_factor": 3}
    rising = {n: [sign * (n + 1.0)] for n in range(6)}
    falling = {n: [sign * (6.0 - n)] for n in range(6)}
    assert stopped_in_turn(settings, rising, goal) == []
    assert stopped_in_turn(settings, falling, goal) == [1, 2, 3, 4, 5]
    assert stopped_in_turn(settings, {0: [sign], 1: [NAN]}, goal) == [1]


def stopped_in_turn(settings: Any, reports: Any, goal: Any) -> Any:
    policy, known, stopped = policy_of(settings, goal), {}, []
    for number, values in reports.items():
        known[number] = values
        stopped += [number] if policy.stops(number, known) else []
    return stopped


def test_hyperband() -> None:
    policy = policy_of({"policy": "hyperband", "max_resource": 9, "reduction_factor": 3}, "maximize")
    reports = {}
    for step in range(1, 9):
        for n in range(20):
            reports[n] = [float(20 - n)] * step
    stops = [policy.stops(n, reports) for n in range(20)]
    assert not stops[0] and any(stops)
    again = policy_of({"policy": "hyperband", "max_resource": 9, "reduction_factor": 3}, "maximize")
    assert [again.stops(n, reports) for n in range(20)] == stops


WRONG = [
    ({"policy": "bandt"}, "Did you mean 'bandit'"),
    ({"slack_factor": 1}, "unknown policy"),
    ({"policy": "bandit"}, "either slack_factor or slack_amount"),
    ({"policy": "bandit", "slack_factor": 1, "slack_amount": 1}, "either slack_factor or slack_amount"),
    ({"policy": "bandit", "slack_facto": 1}, "Did you mean 'slack_factor'"),
    ({"policy": "bandit", "slack_factor": -1}, "above 0"),
    ({"policy": "bandit", "slack_factor": "x"}, "not a number"),
    ({"policy": "median", "evaluation_interval": 0}, "at least 1"),
    ({"policy": "median", "delay_evaluation": 1.5}, "whole number"),
    ({"policy": "truncation"}, "needs truncation_percentage"),
    ({"policy": "truncation", "truncation_percentage": 100}, "from 1 to 99"),
    ({"policy": "truncation", "truncation_percentage": 5, "exclude_finished_jobs": 1}, "must be true or false"),
    ({"policy": "asha", "reduction_factor": 1}, "at least 2"),
    ({"policy": "hyperband", "min_resource": 5, "max_resource": 2}, "min_resource is above"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=str)
def test_mistakes(settings: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        make_policy(settings, "maximize")
    assert message in str(caught.value)


def test_no_policy() -> None:
    assert make_policy({}, "maximize") is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_interval_is_finite(value: float) -> None:
    with pytest.raises(UserError, match=r"evaluation_interval=.* is not a whole number"):
        make_policy({"policy": "median", "evaluation_interval": value}, "maximize")
