from typing import Any

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from runner.errors import UserError
from runner.sweeps.ports import Search, Suggestion
from runner.sweeps.search.grid import Grid
from runner.sweeps.search.random import RandomSearch
from runner.sweeps.search.sobol import Sobol
from runner.sweeps.space.search_space import make_space, parse_words

COMMANDS = [
    ["job.arguments.kernel=linear,rbf", "job.arguments.penalty=0.5,1"],
    ["a=range(0,3)", "b='x,y',\"z\",null,1e-3,[1,2],{a: 1}", "+c=true,False", "fixed=1"],
    ["environment=choice(current,sklearn-1.5)", "a=a\\,b,c"],
    ["a=1,2", "b=3,4", "a=5,6"],
    ["a=1,1"],
    ["a=sort(range(5,1,-2))"],
]
MIXED = {"a": {"uniform": [0, 1]}, "b": ["x", "y"], "c": {"lognormal": [0, 1]}, "d": {"randint": 9}}


def asked(search: Search, number: int) -> Suggestion:
    suggestion = search.ask(number)
    assert suggestion is not None
    return suggestion


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_grid_is_hydras(command: Any) -> None:
    overrides = parse_words(command)
    (theirs,) = BasicSweeper.split_arguments(overrides, None)
    grid = Grid(make_space({}, overrides))
    assert grid.total is not None
    ours = [list(asked(grid, number).overrides) for number in range(grid.total)]
    fixed = {word for word in command if word == "fixed=1"}
    assert ours == [[word for word in trial if word not in fixed] for trial in theirs]
    assert grid.ask(grid.total) is None


def test_a_grid_is_cut() -> None:
    grid = Grid(make_space({"a": [1, 2, 3]}), max_trials=2)
    assert (grid.total, grid.combinations, grid.ask(2)) == (2, 3, None)


def test_a_grid_of_something_endless_says_which() -> None:
    with pytest.raises(UserError, match="b has too many values"):
        Grid(make_space({"a": [1], "b": {"uniform": [0, 1]}}))


def test_a_grid_of_too_many_values_is_refused_at_once() -> None:
    for many in ({"randint": 10**15}, {"quniform": [0, 1e9, 0.001]}):
        with pytest.raises(UserError, match="too many"):
            Grid(make_space({"a": many}))


@pytest.mark.parametrize("search", [RandomSearch, Sobol])
def test_the_order_of_questions_does_not_matter(search: Any) -> None:
    space = make_space(MIXED)
    forward = [search(space, 3, 16).ask(number) for number in range(16)]
    backward = search(space, 3, 16)
    assert forward == [backward.ask(number) for number in reversed(range(16))][::-1]
    assert forward != [search(space, 4, 16).ask(number) for number in range(16)]
    assert backward.ask(16) is None
    assert len({str(suggestion) for suggestion in forward}) == 16


def test_sobol_fills_each_sixteenth_once() -> None:
    search = Sobol(make_space({"a": {"uniform": [0, 16]}, "b": {"uniform": [0, 16]}}), 1, 16)
    for name in "ab":
        assert sorted(int(asked(search, number).parameters[name]) for number in range(16)) == list(range(16))
