"""The state of the page in its address: which runs, in which order, in which columns. A copied link shows the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from runner.studio.pages.runs.groups import is_group

PAGE_SIZES = (50, 100, 200)
_LONGEST = 2000  # characters of a field in the address
_COLUMNS = 40
_TEXTS = ("where", "status", "experiment", "sweep", "pipeline", "sort", "group")


@dataclass(frozen=True)
class State:
    """The state of the page. Without `columns`, default ones are shown. `pins` stay in sight while others scroll."""

    where: str = ""
    status: str = ""
    experiment: str = ""
    sweep: str = ""
    pipeline: str = ""
    sort: str = ""
    reverse: bool = False
    archived: bool = False
    group: str = ""
    page: int = 1
    size: int = PAGE_SIZES[0]
    columns: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> State:
        """Read the query of an address. Invalid values are ignored."""

        def text(name: str) -> str:
            return given.get(name, "").strip()[:_LONGEST]

        def several(name: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(value for value in given.getlist(name) if 0 < len(value) <= _LONGEST))[:_COLUMNS]

        size = given.get("size", PAGE_SIZES[0], type=int)
        return cls(
            **{name: text(name) for name in _TEXTS if name != "group" or is_group(text(name))},
            reverse="reverse" in given,
            archived="archived" in given,
            page=min(max(1, given.get("page", 1, type=int)), 1_000_000),
            size=size if size in PAGE_SIZES else PAGE_SIZES[0],
            columns=several("column"),
            pins=several("pin"),
        )

    def but(self, **changes: Any) -> dict[str, Any]:
        """Return the query of a changed state. It leads to the first page, unless the page is changed."""
        changed = replace(self, **changes) if "page" in changes else replace(self, page=1, **changes)
        return changed.query()

    def query(self) -> dict[str, Any]:
        """Return the query of the address, without default values."""
        query: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(self, name))}
        query |= {name: 1 for name in ("reverse", "archived") if getattr(self, name)}
        query |= {"page": self.page} if self.page > 1 else {}
        query |= {"size": self.size} if self.size != PAGE_SIZES[0] else {}
        query |= {"column": list(self.columns)} if self.columns else {}
        return query | ({"pin": list(self.pins)} if self.pins else {})

    def sorted_by(self, column: str) -> dict[str, Any]:
        """Return the query of a column's heading: largest first, then smallest first, then the default order."""
        if self.sort != column:
            return self.but(sort=column, reverse=False)
        return self.but(sort=column, reverse=True) if not self.reverse else self.but(sort="", reverse=False)

    def selection(self) -> Mapping[str, Any]:
        """Return the arguments of `Workspace.runs`, except the ids of a sweep's or pipeline's runs."""
        return {
            "where": self.where or None,
            "status": self.status or None,
            "experiment": self.experiment or None,
            "sort": self.sort or None,
            "reverse": self.reverse,
            "archived": self.archived,
        }

    def command(self) -> tuple[str, ...]:
        """Return the words after ``vivero`` that list the same runs."""
        if self.sweep:
            return "sweep", self.sweep
        if self.pipeline:
            return "pipeline", self.pipeline
        words = ["runs"]
        for option, value in (("--experiment", self.experiment), ("--status", self.status), ("--where", self.where)):
            words += [option, value] if value else []
        words += ["--sort", self.sort] if self.sort else []
        words += ["--reverse"] if self.reverse else []
        words += ["--archived"] if self.archived else []
        listed = [column for column in self.columns if not column.startswith(("spark.", "node"))]
        words += ["--columns", ",".join(listed)] if listed and not any("," in column for column in listed) else []
        return (*words, *(["--limit", str(self.size * self.page)] if self.size * self.page != PAGE_SIZES[0] else []))
