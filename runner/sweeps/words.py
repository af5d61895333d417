"""From a value to Hydra's word for it, which composes to the same value with the same type."""

from __future__ import annotations

import math
import re
from typing import Any

# Texts that Hydra's grammar takes as they are, and as texts.
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./@%+-]*")
_OTHER_TYPES = re.compile(r"(?i:null|true|false|nan|inf|none)")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def word(value: Any) -> str:
    """Return the text right of the equal sign.

    Raises
    ------
    ValueError
        For a value that YAML does not have.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and not _OTHER_TYPES.fullmatch(value)
        return value if bare else _quoted(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(word, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(key)}:{word(one)}" for key, one in value.items()) + "}"
    raise ValueError(f"{value!r} has no word")


def _float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def _quoted(text: str) -> str:
    """Quote as the grammar has it: a backslash counts only before a quote, or at the end."""
    text = text.replace("${", "\\${")
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", text)
    text = re.sub(r"(\\+)\Z", lambda found: found[1] * 2, text)
    return f"'{text}'"


def _key(key: Any) -> str:
    text = str(key)
    return text if _KEY.fullmatch(text) else _quoted(text)
