"""The lineage of a model or data asset as a graph: data, runs, models and endpoints from left to right."""

from __future__ import annotations

from collections import Counter

from flask import url_for
from markupsafe import Markup

from runner.charts.graph import Box, drawing

_MOST = 12  # nodes of a kind
_STYLES = {"endpoint": "busy", "data": "good"}


class Lineage:
    """A lineage graph. The first nodes of a kind are drawn, and the rest are counted in one node."""

    def __init__(self) -> None:
        self._boxes: dict[str, Box] = {}
        self._many: Counter[str] = Counter()

    def add(
        self, kind: str, name: str, needs: list[str], *, link: str = "", is_subject: bool = False, word: str = ""
    ) -> str:
        """Add a node, and return its key.

        Parameters
        ----------
        needs : list of str
            The keys of the nodes that it comes from.
        is_subject : bool
            Whether the graph is about it.
        word : str
            The text above its name. Default: the kind.
        """
        key = f"{kind} {name}"
        if key in self._boxes:
            return key
        self._many[kind] += 1
        if self._many[kind] > _MOST:
            key, more = f"more {kind}", self._many[kind] - _MOST
            before = self._boxes[key].needs if key in self._boxes else ()
            self._boxes[key] = Box(f"and {more} more", kind, list(dict.fromkeys([*before, *needs])))
            return key
        style = "main" if is_subject else _STYLES.get(kind, "")
        self._boxes[key] = Box(name, word or kind, needs, style=style, link=link)
        return key

    def draw(self, label: str) -> Markup:
        """Return the graph as SVG."""
        return Markup(drawing(self._boxes, label))  # noqa: S704 - the drawing escapes all texts


def link_to_version(page: str, reference: str) -> str:
    """Return the address of a version, which a reference such as ``iris:3`` names."""
    name, _, version = reference.rpartition(":")
    return url_for(f"{page}.version", name=name, version=int(version)) if version.isdecimal() else ""
