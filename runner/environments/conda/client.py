"""Imports rattler on demand, waits for its coroutines, and turns its errors into one line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import UserError

if TYPE_CHECKING:
    from rattler.networking import Client

T = TypeVar("T")


def check_installed() -> None:
    """Check that rattler can be imported.

    Raises
    ------
    UserError
        If the extra is not installed.
    """
    try:
        import rattler  # noqa: F401
    except ImportError:
        raise UserError("environment=conda needs py-rattler", "Install it: pip install 'vivero[conda]'") from None


def client() -> Client:
    """Return a client that retries and uses the passwords in ``RATTLER_AUTH_FILE``, the keyring and ``~/.netrc``."""
    from rattler.networking import Client

    return Client.default_client()


def result_of(work: Coroutine[Any, Any, T], what: str) -> T:
    """Return the result of a request to channels.

    Raises
    ------
    UserError
        If a channel cannot be read. The message is `what` and the reason.
    """
    from rattler.exceptions import GatewayError

    try:
        return asyncio.run(work)
    except GatewayError as error:
        raise UserError(f"{what}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Return an error's message as one line."""
    lines = [re.sub(r"^[\s└├─│]+|[.\s]+$", "", line) for line in str(error).splitlines()]
    return "; ".join(dict.fromkeys(line.removeprefix("Caused by: ") for line in lines if line))
