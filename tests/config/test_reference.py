"""The reference of all settings is what the schema and conf say, and explains each of them."""

import pytest

from tests.support.suite.reference import PAGE, comments, page


def test_it_is_what_would_be_written() -> None:
    assert PAGE.read_text() == page(), "run: nox -s reference"


def test_every_setting_is_explained() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1 # one\n", {"a": "one"}),
        ("a: 1 # one\n  # and more\nb: 2\n", {"a": "one and more"}),
        ("a:\n  b: '#' # not the first\nc: [1] # d\n", {"a.b": "not the first", "c": "d"}),
        ("a: 1\n# b: 2 # commented out\n", {"b": "commented out"}),
        ("a: # of the mapping\n  b: 1\n", {"a": "of the mapping"}),
        ("# a heading\na: 1\n", {}),
    ],
)
def test_comments(text: str, said: dict[str, str]) -> None:
    assert comments(text) == said
