"""Template filters. They format values as the tables in the terminal do, and cut what is too long for a cell."""

from __future__ import annotations

from typing import Any

from flask import Flask

from runner.console.format import clean, show_bytes, show_count, show_duration, show_time, show_value
from runner.studio.markdown import markdown

_LONGEST = 80


def cell(value: Any, longest: int = _LONGEST) -> str:
    """Return a value as a short printable text."""
    text = show_value(value)
    return clean(text if len(text) <= longest else f"{text[: longest - 1]}…")


def cut(text: Any, longest: int) -> str:
    """Return the beginning of a long text. Line breaks are kept."""
    return str(text) if len(str(text)) <= longest else f"{str(text)[:longest]}\n…"


def register(app: Flask) -> None:
    """Give the filters to all templates: ``{{ row.created | time }}``."""
    app.jinja_env.filters |= {
        "cell": cell, "cut": cut, "markdown": markdown, "time": show_time, "duration": show_duration,
        "bytes": show_bytes, "count": show_count,
    }  # fmt: skip
