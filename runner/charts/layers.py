"""Places the nodes of a graph in layers from left to right, each to the right of those it needs.

This is Sugiyama's method: layers by the longest path, points where an edge passes a layer, an order in each layer with
few crossings, and rows close to those of the neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 6  # passes over all layers, alternately from left and right
_POINTS = 4000  # points where edges pass layers; with more of them, edges are straight lines
Place = tuple[int, float]
"""A layer, and a row in it."""
Point = str | tuple[str, str, int]  # a node, or where an edge passes a layer


@dataclass(frozen=True)
class Layout:
    """The places of the nodes, and of each edge: its beginning, its points in the layers between, and its end."""

    nodes: Mapping[str, Place]
    edges: Mapping[tuple[str, str], Sequence[Place]]

    @property
    def layers(self) -> int:
        """The number of layers."""
        return 1 + max((layer for layer, _ in self._places()), default=-1)

    @property
    def rows(self) -> float:
        """The number of rows."""
        return 1 + max((row for _, row in self._places()), default=-1.0)

    def _places(self) -> list[Place]:
        return [*self.nodes.values(), *(place for way in self.edges.values() for place in way)]


def lay_out(needs: Mapping[str, Sequence[str]]) -> Layout:
    """Return where the nodes of a graph are drawn.

    Parameters
    ----------
    needs : mapping
        The names of the nodes that each node needs. Unknown names are ignored, and a cycle is broken at one edge.
    """
    edges = _without_cycles(needs)
    layer = _layers(edges)
    passed = sum(layer[name] - layer[need] - 1 for name, others in edges.items() for need in others)
    straight = passed > _POINTS
    ways = {(need, name): _way(need, name, layer, straight) for name, others in edges.items() for need in others}
    before, after = _neighbours(ways.values())
    columns = _ordered(_columns(layer, ways), before, after)
    rows = _rows(columns, before, after)
    return Layout(
        {name: (layer[name], rows[name]) for name in edges},
        {edge: [(_layer(point, layer), rows[point]) for point in way] for edge, way in ways.items()},
    )


def _without_cycles(needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the edges without cycles, with each node after those it needs."""
    left = {
        name: [need for need in dict.fromkeys(others) if need in needs and need != name]
        for name, others in needs.items()
    }
    edges: dict[str, list[str]] = {}
    while left:
        ready = [name for name, others in left.items() if all(need in edges for need in others)]
        for name in ready or [next(iter(left))]:  # if only cycles are left, the first node loses its open edges
            edges[name] = [need for need in left.pop(name) if need in edges]
    return edges


def _layers(edges: Mapping[str, Sequence[str]]) -> dict[str, int]:
    layer: dict[str, int] = {}
    for name, others in edges.items():
        layer[name] = 1 + max((layer[need] for need in others), default=-1)
    for name, others in edges.items():  # a node that needs nothing is put directly before the first that needs it
        after = [layer[dependent] for dependent, needed in edges.items() if name in needed] if not others else []
        layer[name] = min(after) - 1 if after else layer[name]
    return layer


def _way(begin: str, end: str, layer: Mapping[str, int], straight: bool) -> list[Point]:
    """Return the points of an edge: the nodes at its ends, and a point in each layer between them."""
    between = () if straight else range(layer[begin] + 1, layer[end])
    return [begin, *((begin, end, at) for at in between), end]


def _layer(point: Point, layer: Mapping[str, int]) -> int:
    return layer[point] if isinstance(point, str) else point[2]


def _neighbours(ways: Iterable[Sequence[Point]]) -> tuple[dict[Point, list[Point]], dict[Point, list[Point]]]:
    before, after = dict[Point, list[Point]](), dict[Point, list[Point]]()
    for way in ways:
        for upper, lower in pairwise(way):
            after.setdefault(upper, []).append(lower)
            before.setdefault(lower, []).append(upper)
    return before, after


def _columns(layer: Mapping[str, int], ways: Mapping[tuple[str, str], Sequence[Point]]) -> list[list[Point]]:
    columns: list[list[Point]] = [[] for _ in range(1 + max(layer.values(), default=-1))]
    for name, at in layer.items():
        columns[at].append(name)
    for way in ways.values():
        for point in way[1:-1]:
            columns[_layer(point, layer)].append(point)
    return columns


def _ordered(
    columns: list[list[Point]], before: Mapping[Point, Sequence[Point]], after: Mapping[Point, Sequence[Point]]
) -> list[list[Point]]:
    """Return the columns ordered so that few edges cross: each point is close to the mean of its neighbours."""
    at = {point: float(row) for column in columns for row, point in enumerate(column)}
    for sweep in range(_SWEEPS):
        near = before if sweep % 2 == 0 else after
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {point: _mean(near.get(point, ()), at, at[point]) for point in column}
            column.sort(key=wanted.__getitem__)
            at |= {point: float(row) for row, point in enumerate(column)}
    return columns


def _rows(
    columns: Sequence[Sequence[Point]], before: Mapping[Point, Sequence[Point]], after: Mapping[Point, Sequence[Point]]
) -> dict[Point, float]:
    """Return the row of each point, as close to its neighbours as the order and a distance of one allow."""
    tallest = max((len(column) for column in columns), default=0)
    row = {point: at + (tallest - len(column)) / 2 for column in columns for at, point in enumerate(column)}
    for sweep in range(_SWEEPS):
        near = before if sweep % 2 == 0 else after
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = [_mean(near.get(point, ()), row, row[point]) for point in column]
            row |= zip(column, _apart(wanted), strict=True)
    top = min(row.values(), default=0.0)
    return {point: at - top for point, at in row.items()}


def _mean(points: Sequence[Point], at: Mapping[Point, float], default: float) -> float:
    return sum(at[point] for point in points) / len(points) if points else default


def _apart(wanted: Sequence[float]) -> list[float]:
    """Return rows at least one apart: the mean of pushing all of them down and pushing all of them up."""
    down, up = list(wanted), list(wanted)
    for at in range(1, len(wanted)):
        down[at] = max(down[at], down[at - 1] + 1)
        up[-1 - at] = min(up[-1 - at], up[-at] - 1)
    return [(low + high) / 2 for low, high in zip(down, up, strict=True)]
