"""Descriptions as Markdown: no markup of their own gets through."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.studio.markdown import markdown
from tests.support.suite.pace import slowdown

OURS = {"div", "table", "tr", "th", "td", "p", "h3", "ul", "li", "pre", "code", "strong", "em", "a"}
PIECES = [
    "<script>alert(1)</script>", "**", "*", "`", "```\n", "# ", "- ", "\n", "\n\n", "[a](https://b.c)", "&", "word",
    "| ", "|\n", "\\", "\n| --- |\n", "[x](javascript:y)", '<img src=x onerror="z">', '[a](https://b"onclick=)',
]  # fmt: skip


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join))
def test_only_our_own_markup(text: str) -> None:
    reader = Reader()
    reader.feed(markdown(text))
    for tag, attributes in reader.found:
        assert tag in OURS and set(attributes) <= {"href", "rel", "class", "tabindex"}
        assert attributes.get("class") in (None, "table-box")
        assert tag != "a" or str(attributes["href"]).startswith(("http://", "https://"))


def test_what_it_knows() -> None:
    assert markdown("# Iris\nA **good** model, `SVC`.\n\n- one\n- two\n\n```\na < b\n```\n[more](https://x.org/a)") == (
        "<h3>Iris</h3><p>A <strong>good</strong> model, <code>SVC</code>.</p><ul><li>one</li><li>two</li></ul>"
        '<pre>a &lt; b</pre><p><a href="https://x.org/a" rel="noreferrer">more</a></p>'
    )


def test_a_table() -> None:
    assert markdown("| a\\|b | c |\n| --- | --- |\n| `1` | \\<x\\> |\nafter") == (
        '<div class="table-box" tabindex="0"><table><tr><th>a|b</th><th>c</th></tr>'
        "<tr><td><code>1</code></td><td>&lt;x&gt;</td></tr></table></div><p>after</p>"
    )


@pytest.mark.parametrize(
    "piece",
    ["|", "|\n", "\\", "| -\n", "[", "[a](", "[a](http://x", "*", "**a", "`", "*a*", "```\n", "\n ", "- ", "# "],
)
def test_a_hostile_text_takes_no_longer_than_its_length_allows(piece: str) -> None:
    text, begun = piece * (1_000_000 // len(piece)), time.process_time()
    markdown(text)
    assert time.process_time() - begun < 0.5 * slowdown()
