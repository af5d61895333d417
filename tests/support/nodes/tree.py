"""The root file system that the nodes of all tests share and cannot change, see ``.ci/node-tree``."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.support.command_line import ROOT
from tests.support.components import missing
from tests.support.suite import caches


def node_tree() -> Path:
    """Return the tree, which is unpacked once per machine."""
    recipe = (ROOT / ".ci" / "node-tree").read_text()
    packed = caches.folder() / f"node-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.tar"

    def unpack(folder: Path) -> None:
        if not packed.exists():
            missing("there is no file system for nodes: .ci/engine makes it")
        subprocess.run(["tar", "-C", str(folder), "-xf", str(packed)], check=True)

    return caches.kept("node", [recipe], unpack)
