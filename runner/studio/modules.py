"""The modules that a script imports, which a page names so that a browser fetches all of them at once.

Otherwise it fetches a script, reads its imports, fetches those, and so on. A page has up to four such levels.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from urllib.parse import urljoin

from runner import charts

_HERE = Path(__file__).parent
_FOLDERS = {"/static/": _HERE / "static", "/pages/": _HERE / "pages", "/charts/": Path(charts.__path__[0])}
_SITE = "http://studio"  # any: without one, an address above the top is not the top
_IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?\bfrom "([^"]+)";""", re.MULTILINE)


@functools.cache
def modules_of(address: str) -> tuple[str, ...]:
    """Return the addresses of all modules that the script at an address imports, directly or not."""
    found: dict[str, None] = {}
    waiting = [address]
    while waiting:
        script = waiting.pop(0)
        for imported in _IMPORT.findall(_text(script)):
            module = urljoin(_SITE + script, imported).removeprefix(_SITE)
            if module != address and module not in found:
                found[module] = None
                waiting.append(module)
    return tuple(found)


def _text(address: str) -> str:
    top = next((top for top in _FOLDERS if address.startswith(top)), None)
    return (_FOLDERS[top] / address.removeprefix(top)).read_text("utf-8") if top is not None else ""
