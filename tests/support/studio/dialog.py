"""The dialog in which a page asks before a change."""

from typing import Any


def answer(page: Any, value: str | None = None) -> None:
    """Fill the dialog's field, if a value is given, and go on."""
    if value is not None:
        page.locator("#ask-value").fill(value)
    page.locator("#ask-go").click()
