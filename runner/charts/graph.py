"""Draws a graph as SVG: boxes from left to right, and curves from each box to those that need it.

All text from data is escaped. The SVG has no inline styles and no script. Its colours are in ``graph.css``, and its
links work with the keyboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from runner.charts.layers import Layout, Place, lay_out
from runner.console.format import clean

MOST = 200  # boxes; a larger graph would be unreadable
_WIDTH, _HEIGHT = 200, 52
_ACROSS, _DOWN, _EDGE = 250, 70, 6
_LONGEST, _LONGEST_KIND = 19, 20  # characters that a box can hold
_LONGEST_TITLE = 300
_TIP = 6  # length of an arrow's tip
_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8Z" class="tip"/></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """A node of the drawing.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        A short line above the name, such as the state.
    needs : sequence of str
        The keys of the boxes from which arrows lead to it.
    note : str
        A short text to the right of the kind, such as a duration.
    since : str
        The start of a duration that grows in an open page, in ISO 8601.
    style : str
        CSS classes for its colours. They never come from data.
    link : str
        The address of its page.
    detail : str
        More text for the tooltip and screen readers.
    """

    name: str
    kind: str
    needs: Sequence[str] = ()
    note: str = ""
    since: str = ""
    style: str = ""
    link: str = ""
    detail: str = ""


def drawing(boxes: dict[str, Box], label: str) -> str:
    """Return the SVG of boxes by their keys. At most `MOST` boxes are drawn.

    Parameters
    ----------
    label : str
        The name of the drawing for screen readers.
    """
    shown = dict(list(boxes.items())[:MOST])
    layout = lay_out({key: box.needs for key, box in shown.items()})
    width = max(0, layout.layers - 1) * _ACROSS + _WIDTH + 2 * _EDGE
    height = round(max(0.0, layout.rows - 1) * _DOWN) + _HEIGHT + 2 * _EDGE
    curves = "".join(
        f'<path d="{_curve(way)}" class="curve" marker-end="url(#arrow)"/>' for way in layout.edges.values()
    )
    drawn = "".join(_box(shown[key], layout.nodes[key]) for key in _by_column(layout))
    return (
        f'<svg class="graph" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="group" '
        f'aria-label="{_text(label, _LONGEST_TITLE)}">{_ARROW}{curves}{drawn}</svg>'
    )


def _by_column(layout: Layout) -> list[str]:
    """Return the keys in the order of keyboard navigation: by column, then by row."""
    return sorted(layout.nodes, key=layout.nodes.__getitem__)


def _at(place: Place) -> tuple[int, int]:
    return _EDGE + place[0] * _ACROSS, _EDGE + round(place[1] * _DOWN)


def _curve(way: Sequence[Place]) -> str:
    """Return the path of an edge from the right side of a box to the left side of another. It crosses columns level."""
    x, y = _at(way[0])
    x, y = x + _WIDTH, y + _HEIGHT // 2
    path = [f"M{x} {y}"]
    for number, place in enumerate(way[1:], 1):
        left, top = _at(place)
        is_end = number == len(way) - 1
        to_x, to_y = left - (_TIP if is_end else 0), top + _HEIGHT // 2
        middle = (x + to_x) // 2
        path.append(f"C{middle} {y} {middle} {to_y} {to_x} {to_y}")
        x, y = to_x, to_y
        if not is_end:
            x = left + _WIDTH
            path.append(f"H{x}")
    return "".join(path)


def _box(box: Box, place: Place) -> str:
    x, y = _at(place)
    title = ", ".join(part for part in (box.name, box.kind, box.note, box.detail) if part)
    since = f' data-since="{_text(box.since, 40)}"' if box.since else ""
    note = (
        f'<text x="{x + _WIDTH - 12}" y="{y + 20}" class="note"{since}>{_text(box.note, 14)}</text>' if box.note else ""
    )
    group = (
        f'<g class="box {escape(box.style)}"><title>{_text(title, _LONGEST_TITLE)}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text x="{x + 12}" y="{y + 20}" class="kind">{_text(box.kind, _LONGEST_KIND)}</text>{note}'
        f'<text x="{x + 12}" y="{y + 39}" class="name">{_text(_middle_cut(box.name), _LONGEST)}</text></g>'
    )
    if not box.link:
        return group
    return f'<a href="{escape(box.link)}">{group}</a>'


def _middle_cut(name: str) -> str:
    """Return a name that fits. The middle is cut, because an id is told by its beginning and end."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9]}…{name[-8:]}"


def _text(text: str, longest: int) -> str:
    """Return a text cut to a length and escaped."""
    return escape(clean(text if len(text) <= longest else f"{text[: longest - 1]}…"))
