"""Where the nodes of a graph are drawn."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runner.charts.layers import lay_out

NAMES = st.sampled_from("abcdefghij")
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=6), max_size=10)


@given(GRAPHS)
def test_no_two_nodes_are_in_one_place_and_each_is_to_the_right_of_what_it_needs(needs: dict[str, list[str]]) -> None:
    layout = lay_out(needs)
    assert set(layout.nodes) == set(needs)
    for layer in range(layout.layers):
        rows = sorted(row for at, row in layout.nodes.values() if at == layer)
        assert all(below - above >= 1 - 1e-9 for above, below in pairwise(rows))
    for (start, end), way in layout.edges.items():
        assert way[0] == layout.nodes[start] and way[-1] == layout.nodes[end]
        assert [layer for layer, _ in way] == list(range(way[0][0], way[-1][0] + 1)) and len(way) > 1
    assert all(0 <= row <= layout.rows - 1 + 1e-9 for way in layout.edges.values() for _, row in way)


@given(GRAPHS)
def test_only_circles_and_unknown_names_lose_an_edge(needs: dict[str, list[str]]) -> None:
    order = sorted(needs)
    without_circles = {name: [need for need in needs[name] if need < name and need in needs] for name in order}
    drawn = lay_out(without_circles).edges
    assert set(drawn) == {(need, name) for name, others in without_circles.items() for need in others}


def test_a_step_that_nothing_comes_before_stands_beside_what_needs_it() -> None:
    layout = lay_out({"raw": [], "clean": ["raw"], "words": [], "train": ["clean", "words"]})
    assert {name: layer for name, (layer, _) in layout.nodes.items()} == {"raw": 0, "clean": 1, "words": 1, "train": 2}


def test_edges_of_a_graph_that_nobody_can_follow_go_straight() -> None:
    needs = {str(name): [str(number) for number in range(name)] for name in range(60)}
    assert max(len(way) for way in lay_out(needs).edges.values()) == 2


def test_edges_that_need_not_cross_do_not() -> None:
    places = lay_out({"a": [], "b": [], "to b": ["b"], "to a": ["a"]}).nodes
    assert (places["a"] < places["b"]) == (places["to a"] < places["to b"])
