"""Pieces of a report. Everything that a script or user named is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from runner.charts.runs import short

_LONGEST = 300  # characters of a cell


def text(value: Any, longest: int = _LONGEST) -> str:
    """Return a value as escaped text."""
    return escape(short(value, longest))


def head(title: str, found: Iterable[tuple[str, Any]], status: str = "", error: str | None = None) -> str:
    """Return a report's heading: a title, a status, facts, and why it failed."""
    pairs = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in found if value not in (None, "")
    )
    pill = f' <span class="pill {escape(status)}">{text(status)}</span>' if status else ""
    why = f'<p class="problem">{text(error, 2000)}</p>' if error else ""
    return f'<header><h1>{text(title)}{pill}</h1><dl class="facts">{pairs}</dl>{why}</header>'


def section(title: str, content: str) -> str:
    """Return a section, or nothing if it has no content."""
    return f"<section><h2>{text(title)}</h2>{content}</section>" if content else ""


def pairs(found: Mapping[str, Any]) -> str:
    """Return names and values as a table, or nothing."""
    rows = "".join(f'<tr><th scope="row">{text(name)}</th><td>{text(value)}</td></tr>' for name, value in found.items())
    return _table(f"<tbody>{rows}</tbody>") if rows else ""


def matrix(labels: Sequence[Any], counts: Sequence[Sequence[Any]]) -> str:
    """Return a confusion matrix as a table: a row for each true class."""
    names = "".join(f'<th scope="col" class="number">{text(label)}</th>' for label in labels)
    rows = "".join(_row(label, row) for label, row in zip(labels, counts, strict=False))
    return _table(f"<thead><tr><th>true / predicted</th>{names}</tr></thead><tbody>{rows}</tbody>")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows with a heading for each column; the first cell of each is its row's heading. Nothing, if no rows."""
    names = "".join(f'<th scope="col">{text(name)}</th>' for name in columns)
    lines = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>{"".join(f"<td>{text(one)}</td>" for one in row[1:])}</tr>'
        for row in rows
    )
    return _table(f"<thead><tr>{names}</tr></thead><tbody>{lines}</tbody>") if lines else ""


def _row(label: Any, values: Iterable[Any]) -> str:
    cells = "".join(f'<td class="number">{text(one)}</td>' for one in values)
    return f'<tr><th scope="row">{text(label)}</th>{cells}</tr>'


def _table(content: str) -> str:
    return f'<div class="table-box narrow"><table>{content}</table></div>'


def picture(name: str, content: bytes, kind: str) -> str:
    """Return a picture, which is in the file."""
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    image = f'<img class="picture" src="{source}" alt="{text(name)}">'
    return f'<figure>{image}<figcaption class="quiet">{text(name)}</figcaption></figure>'
