"""The order of steps and the choice of some, for any graph."""

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import UserError
from runner.pipelines.planning.graph import after, chosen, in_order

Graph = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph without circles, written in any order."""
    size = draw(st.integers(1, 12))
    names = [f"s{number}" for number in range(size)]
    below = {
        name: draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        for number, name in enumerate(names)
    }
    return {name: below[name] for name in draw(st.permutations(names))}


def _reaches(needs: Mapping[str, list[str]], name: str, goal: str) -> bool:
    return any(need == goal or _reaches(needs, need, goal) for need in needs[name])


@given(graphs())
def test_each_step_comes_after_those_it_needs(needs: Graph) -> None:
    order = in_order(needs)
    assert sorted(order) == sorted(needs)
    for name, others in needs.items():
        assert all(order.index(need) < order.index(name) for need in others)


@given(st.permutations([f"s{number}" for number in range(8)]))
def test_steps_that_need_nothing_keep_their_order(names: list[str]) -> None:
    assert in_order({name: [] for name in names}) == names


@given(graphs(), st.data())
def test_what_comes_after_a_step_is_what_reaches_it(needs: Graph, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(needs)))
    assert after(needs, name) == {step for step in needs if _reaches(needs, step, name)}
    assert chosen(needs, [], name) == {name, *after(needs, name)}


@given(graphs(), st.data())
def test_only_is_exactly_what_is_named(needs: Graph, data: st.DataObject) -> None:
    only = data.draw(st.lists(st.sampled_from(sorted(needs)), min_size=1))
    assert chosen(needs, only, None) == set(only)
    assert chosen(needs, [], None) == set(needs)


@given(graphs(), st.data())
def test_a_circle_is_named_in_full(needs: Graph, data: st.DataObject) -> None:
    last = in_order(needs)[-1]
    first = data.draw(st.sampled_from(sorted({last, *(step for step in needs if _reaches(needs, last, step))})))
    with pytest.raises(UserError, match="need each other in a circle: ") as caught:
        in_order({**needs, first: [*needs[first], last]})
    circle = caught.value.message.rsplit(": ", 1)[1].split(" -> ")
    closed = {**needs, first: [*needs[first], last]}
    assert circle[0] == circle[-1]
    assert all(before in closed[name] or name in closed[before] for before, name in itertools.pairwise(circle))


def test_unknown_steps_are_answered_with_the_nearest() -> None:
    needs: Graph = {"prepare": [], "train": ["prepare"]}
    for mistake in (
        lambda: in_order({**needs, "train": ["prepar"]}),
        lambda: chosen(needs, ["prepar"], None),
        lambda: chosen(needs, [], "prepar"),
    ):
        with pytest.raises(UserError, match="'prepar' does not exist") as caught:
            mistake()
        assert "prepare" in str(caught.value.hint)
    with pytest.raises(UserError, match="cannot be combined"):
        chosen(needs, ["train"], "train")
