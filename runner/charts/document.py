"""Builds a page as one file that needs no network, from the studio's style and the charts' scripts."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.console.format import finite

_SCRIPTS = Path(__file__).parent
_STUDIO = _SCRIPTS.parent / "studio" / "static" / "studio.css"  # shared with the studio
_STYLES = ("charts.css", "graph.css", "document.css")
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^ */\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)


def document(title: str, body: str, script: str = "", data: Mapping[str, Any] | None = None) -> str:
    """Return the file's text.

    Parameters
    ----------
    title : str
        The title of the window.
    body : str
        Markup. The caller escapes every text that comes from a script or user.
    script : str
        The module in `runner.charts` that draws. It reads the data from the element ``#data``. Without a module the
        file has no script.
    data : mapping, optional
        Plain data. The scripts insert it as text, never as markup.
    """
    code = bundle(script) if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    drawn = (
        f'<script type="application/json" id="data">{inert(data)}</script>\n<script>{code}</script>\n' if script else ""
    )
    styles = "\n".join(path.read_text("utf-8") for path in (_STUDIO, *(_SCRIPTS / name for name in _STYLES)))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
script-src {allowed}">
<title>{html.escape(title)}</title>
<style>
{styles}</style>
</head>
<body class="document">
{body}
{drawn}</body>
</html>
"""


def inert(value: Any) -> str:
    """Return JSON that cannot close its script element."""
    text = json.dumps(finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def bundle(name: str) -> str:
    """Return a module and its imports as one classic script, because a local file cannot import modules."""
    order: list[str] = []
    _collect(name, order)
    return '"use strict";\nconst $ = {};\n' + "\n".join(_wrap(module) for module in order)


def _collect(name: str, order: list[str]) -> None:
    for _, needed in _IMPORT.findall(_read(name)):
        if needed not in order:
            _collect(needed, order)
    if name not in order:
        order.append(name)


def _wrap(name: str) -> str:
    code = _IMPORT.sub(lambda match: f"const {match[1]} = $.{match[2]};\n", _COMMENT.sub("", _read(name)))
    exported: Sequence[str] = _EXPORT.findall(code)
    return f"$.{name} = (() => {{\n{_EXPORT.sub('', code)}return {{ {', '.join(exported)} }};\n}})();"


def _read(name: str) -> str:
    return (_SCRIPTS / f"{name}.js").read_text("utf-8")
