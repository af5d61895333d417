"""The modules that a page names for its browser."""

import re

import pytest

from runner.studio.modules import modules_of
from runner.studio.page import FOLDER

SCRIPTS = sorted(f"/pages/{script.parent.name}/page.js" for script in FOLDER.glob("*/page.js"))
PLACES = {"pages": FOLDER, "static": FOLDER.parent / "static", "charts": FOLDER.parents[1] / "charts"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_all_modules_of_a_script_are_named_once(script: str) -> None:
    named = [script, *modules_of(script)]
    assert len(set(named)) == len(named)
    imported = set()
    for address in named:
        top, _, rest = address[1:].partition("/")
        text = (PLACES[top] / rest).read_text()
        imported |= {name.rpartition("/")[2] for name in re.findall(r"""from\s+["']([^"']+)["']""", text)}
    assert imported == {name.rpartition("/")[2] for name in named[1:]}
