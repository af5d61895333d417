"""Where something comes from and where it went, as a drawing: data, runs, models and endpoints from left to right."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import url_for
from markupsafe import Markup

from runner.charts.graph import Box, drawing
from runner.studio.page import has_page

_MOST = 12  # boxes of a kind
_STYLES = {"endpoint": "busy", "data": "good"}


class Lineage:
    """A drawing that grows. Of many things of a kind, the first ones are drawn and the others counted."""

    def __init__(self) -> None:
        self._boxes: dict[str, Box] = {}
        self._many: Counter[str] = Counter()

    def add(
        self, kind: str, name: str, needs: list[str], *, link: str = "", is_subject: bool = False, word: str = ""
    ) -> str:
        """Add something, and return the key that others name it by.

        Parameters
        ----------
        needs : list of str
            The keys of what it comes from.
        is_subject : bool
            Whether the drawing is about it.
        word : str
            What stands above its name. Default: the kind.
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
        """Return the drawing as SVG."""
        return Markup(drawing(self._boxes, label))  # noqa: S704 - the drawing escapes all texts


def link_to(page: str, view: str = "index", **parts: Any) -> str:
    """Return the address of a page, or nothing if the studio does not have it."""
    return url_for(f"{page}.{view}", **parts) if has_page(page) else ""


def link_to_version(page: str, reference: str) -> str:
    """Return the address of a version: of ``iris:3``."""
    name, _, version = reference.rpartition(":")
    return link_to(page, "version", name=name, version=int(version)) if version.isdecimal() else ""
