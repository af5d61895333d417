"""Tags as users type them."""

from __future__ import annotations

from runner.errors import UserError


def read_tag(text: str) -> tuple[str, str | None]:
    """Return the name and value of ``NAME=VALUE``; the value is None for ``NAME``, which removes the tag.

    Raises
    ------
    UserError
        If there is no name.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name:
        raise UserError("A tag has a name", "Write NAME=VALUE, or NAME alone to remove it")
    return name, value if equals else None
