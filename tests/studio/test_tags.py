"""Tags as users type them."""

import pytest

from runner.errors import UserError
from runner.studio.tags import read_tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [("a=b", ("a", "b")), (" a = b=c ", ("a", "b=c")), ("a=", ("a", "")), ("a", ("a", None))],
)
def test_a_tag_has_a_name_and_perhaps_a_value(text: str, tag: tuple[str, str | None]) -> None:
    assert read_tag(text) == tag


@pytest.mark.parametrize("text", ["", " ", "=b", " = "])
def test_a_tag_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="A tag has a name"):
        read_tag(text)
