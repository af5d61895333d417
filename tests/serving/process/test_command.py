"""What is typed behind ``python -m serving``."""

import pytest

from serving.__main__ import parse

TYPED = {
    "models=a": ["a"], "models=a,b": ["a", "b"], "models=a,b:2,c@champion": ["a", "b:2", "c@champion"],
    "models=[a,b:2]": ["a", "b:2"],
}  # fmt: skip


@pytest.mark.parametrize("word", TYPED)
def test_models_are_a_list_with_or_without_brackets(word: str) -> None:
    """Brackets have to be quoted for a shell."""
    assert parse([word]).models == TYPED[word]
