"""The file that keeps which modules similar scripts import, and which cannot be imported ahead."""

import json

from .. import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional

_LARGEST = 4 << 20  # bytes


def read(path: "Optional[str]") -> "Dict[str, List[str]]":
    """Return the names of the ``modules`` to import and of those ``refused``, none if there is no usable file.

    A script in a container could have written the file, so it may have any content, or be a link or a FIFO.
    """
    try:
        if path is not None:
            with files.open_regular(path) as file:
                content = json.loads(file.read(_LARGEST).decode("utf-8"))
            return {name: [str(module) for module in content.get(name, [])] for name in ("modules", "refused")}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        pass
    return {"modules": [], "refused": []}


def write(path: "Optional[str]", known: "Dict[str, List[str]]") -> None:
    """Keep the names for the next interpreter."""
    if path is not None:
        files.write_json(path, known, durable=False)
