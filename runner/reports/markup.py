"""Parts of a report as HTML. All text from scripts and users is escaped."""

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


def head(title: str, facts: Iterable[tuple[str, Any]], status: str = "", error: str | None = None) -> str:
    """Return the head of a report: a title, a status, facts and an error."""
    items = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in facts if value not in (None, "")
    )
    pill = f' <span class="pill {escape(status)}">{text(status)}</span>' if status else ""
    why = f'<p class="problem">{text(error, 2000)}</p>' if error else ""
    return f'<header><h1>{text(title)}{pill}</h1><dl class="facts">{items}</dl>{why}</header>'


def section(title: str, content: str) -> str:
    """Return a section, or an empty text if it has no content."""
    return f"<section><h2>{text(title)}</h2>{content}</section>" if content else ""


def pairs(values: Mapping[str, Any]) -> str:
    """Return names and values as a table, or an empty text if there are none."""
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th><td>{text(value)}</td></tr>' for name, value in values.items()
    )
    return _table(f"<tbody>{rows}</tbody>") if rows else ""


def matrix(labels: Sequence[Any], counts: Sequence[Sequence[Any]]) -> str:
    """Return a confusion matrix as a table with a row for each true class."""
    names = "".join(f'<th scope="col" class="number">{text(label)}</th>' for label in labels)
    rows = "".join(_row(label, row) for label, row in zip(labels, counts, strict=False))
    return _table(f"<thead><tr><th>true / predicted</th>{names}</tr></thead><tbody>{rows}</tbody>")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table, or an empty text if it has no rows. The first cell of each row is its heading."""
    names = "".join(f'<th scope="col">{text(name)}</th>' for name in columns)
    lines = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>{"".join(f"<td>{text(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return _table(f"<thead><tr>{names}</tr></thead><tbody>{lines}</tbody>") if lines else ""


def _row(label: Any, values: Iterable[Any]) -> str:
    cells = "".join(f'<td class="number">{text(value)}</td>' for value in values)
    return f'<tr><th scope="row">{text(label)}</th>{cells}</tr>'


def _table(content: str) -> str:
    return f'<div class="table-box narrow"><table>{content}</table></div>'


def picture(name: str, content: bytes, kind: str) -> str:
    """Return a picture that is embedded in the file."""
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    image = f'<img class="picture" src="{source}" alt="{text(name)}">'
    return f'<figure>{image}<figcaption class="quiet">{text(name)}</figcaption></figure>'
