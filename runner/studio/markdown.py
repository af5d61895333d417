"""Renders the Markdown of descriptions and model cards: headings, lists, tables, code, emphasis and links.

Anything else stays plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup, escape

_LONGEST = 20_000  # characters
_INLINE = re.compile(
    r"\\(?P<mark>[\\`*_{}\[\]<>|#])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|\*(?P<em>[^*\s][^*\n]*)\*"
    r"|\[(?P<text>[^\[\]\n]+)\]\((?P<link>https?://[^\s()<>\"']+)\)"
)
_CELLS = re.compile(r"(?<!\\)\|")


def markdown(text: str) -> Markup:
    """Return the HTML of a description. HTML in the description is escaped."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return Markup("").join(_blocks(shown.replace("\r\n", "\n")))


def _blocks(text: str) -> Iterator[Markup]:
    for number, part in enumerate(re.split(r"^```.*$", text, flags=re.MULTILINE)):
        if number % 2:
            yield Markup("<pre>{}</pre>").format(part.strip("\n"))
            continue
        for paragraph in re.split(r"\n\s*\n", part):
            yield from _lines(paragraph.strip("\n").split("\n"))


def _lines(lines: list[str]) -> Iterator[Markup]:
    """Yield the headings, lists and paragraphs of consecutive lines that are not empty."""
    for kind, group in groupby((line for line in lines if line.strip()), _kind):
        block = list(group)
        if kind == "heading":
            for line in block:
                yield Markup("<h3>{}</h3>").format(_inline(line.lstrip("#").strip()))
        elif kind == "item":
            items = Markup("").join(Markup("<li>{}</li>").format(_inline(line.strip()[2:])) for line in block)
            yield Markup("<ul>{}</ul>").format(items)
        elif kind == "row":
            yield _table(block)
        else:
            yield Markup("<p>{}</p>").format(_inline("\n".join(block)))


def _table(lines: list[str]) -> Markup:
    """Return a table. Its second line, which has only dashes, divides the head from the rows."""
    rows = [_CELLS.split(line.strip().removeprefix("|").removesuffix("|")) for line in lines]
    is_headed = len(rows) > 1 and all(set(cell.strip()) == {"-"} for cell in rows[1])
    made = [("th", rows[0]), *(("td", row) for row in rows[2:])] if is_headed else [("td", row) for row in rows]
    return Markup('<div class="table-box" tabindex="0"><table>{}</table></div>').format(
        Markup("").join(Markup("<tr>{}</tr>").format(_cells(tag, row)) for tag, row in made)
    )


def _cells(tag: str, cells: list[str]) -> Markup:
    return Markup("").join(
        Markup("<{0}>{1}</{0}>").format(Markup(tag), _inline(cell.strip()))  # noqa: S704 - th or td
        for cell in cells
    )


def _kind(line: str) -> str:
    if re.match(r"#{1,6} ", line):
        return "heading"
    if line.startswith("|"):
        return "row"
    return "item" if re.match(r"\s*[-*+] ", line) else "text"


def _inline(text: str) -> Markup:
    return Markup("").join(_pieces(text))


def _pieces(text: str) -> Iterator[Markup]:
    at = 0
    for match in _INLINE.finditer(text):
        yield escape(text[at : match.start()])
        yield _marked(match)
        at = match.end()
    yield escape(text[at:])


def _marked(match: re.Match[str]) -> Markup:
    if match["mark"]:
        return escape(match["mark"])
    if match["link"]:
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(match["link"], match["text"])
    name = next(tag for tag in ("code", "strong", "em") if match[tag])
    return Markup("<{0}>{1}</{0}>").format(Markup(name), match[name])  # noqa: S704 - one of three words
