"""What axe-core finds on a page of the studio."""

from pathlib import Path
from typing import Any

import pytest

AXE = Path("tests/studio/js/node_modules/axe-core/axe.min.js")


def serious(page: Any, *left_out: str) -> list[Any]:
    """Return what axe-core finds serious on a page, without the parts that are left out."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: nox -s scripts")
    page.add_script_tag(content=AXE.read_text())
    found = page.evaluate("parts => axe.run({exclude: parts}).then(result => result.violations)", list(left_out))
    kinds = ("serious", "critical")
    return [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]][:3])
        for violation in found
        if violation["impact"] in kinds
    ]
