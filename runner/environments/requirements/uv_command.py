"""Finds uv and shortens its error messages."""

from __future__ import annotations

import re

OFFLINE_PYTHON: dict[str, str | None] = {"UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
_TELLING = 3  # lines shown of a resolver's error


def uv() -> str:
    """Return the path of uv."""
    from runner.hosts.local import local_uv

    return local_uv()


def complaint(output: bytes) -> str:
    """Return the important lines of uv's error as one line."""
    lines = [re.sub(r"^[\s×╰─▶│·]*(cause: )?", "", line) for line in output.decode(errors="replace").splitlines()]
    lines = [line.removeprefix("error: ") for line in lines]
    kept = [line for line in lines if line and not line.lower().startswith(("warning", "hint"))]
    for index, line in enumerate(kept):
        if "Failed to fetch" in line or "Hash mismatch" in line:
            kept = [kept[index], kept[-1]]  # the problem, and its root cause
            break
    return " ".join(kept[-_TELLING:]) or "uv gave no reason"
