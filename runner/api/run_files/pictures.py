"""Pictures among the outputs of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runner.errors import UserError

_LARGEST = 20_000_000  # bytes
_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp",
}  # fmt: skip
_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")  # an SVG can have scripts, so it is not one of them


def names_of(outputs: Mapping[str, Path]) -> list[str]:
    """Return the files whose names end like those of pictures."""
    return [name for name in outputs if name.lower().endswith(_ENDINGS)]


def read_picture(outputs: Mapping[str, Path], name: str) -> tuple[bytes, str]:
    """Return a picture and its content type, judged by its content, not by its name.

    Raises
    ------
    UserError
        If there is no such picture, or it is larger than 20 MB.
    """
    path = outputs.get(name) if name in names_of(outputs) else None
    content = _read(path) if path is not None else b""
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
    if kind is None or (kind == "image/webp" and content[8:12] != b"WEBP"):
        raise UserError(f"There is no picture '{name[:80]}'")
    return content, kind


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return b""
    return path.read_bytes()
