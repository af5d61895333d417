"""The workspaces that a studio shows."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from flask import g

from runner.api import Workspace
from runner.errors import UserError
from runner.studio.events import Feed


@dataclass(frozen=True)
class Shown:
    """A workspace, its number in addresses, the option with which commands find it, and the feed of its changes."""

    number: int
    workspace: Workspace
    option: tuple[str, ...] = ()
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feed", Feed(self.workspace))

    @property
    def name(self) -> str:
        """The name of the workspace: that of the folder it is in, or its own if it is not hidden, as ``.vivero`` is."""
        root = self.workspace.root
        return root.parent.name if root.name.startswith(".") and root.parent.name else root.name

    def command(self, *words: str) -> str:
        """Return a vivero command for this workspace, as it is typed in a terminal."""
        return shlex.join(["vivero", *words, *self.option])

    def module(self, name: str, *words: str) -> str:
        """Return a command that runs `runner` or `serving` for this workspace, as it is typed in a terminal."""
        where = [f"workspace.root={path}" for path in self.option[1:]]
        return shlex.join(["python", "-m", name, *words, *where])

    def check(self) -> None:
        """Check that the workspace still exists.

        Raises
        ------
        UserError
            If it is gone.
        """
        if not self.workspace.root.is_dir():
            raise UserError(f"The workspace {self.workspace.root} is gone", "Restart vivero studio with another one")


def shown() -> Shown:
    """Return the workspace of the current request."""
    current = g.shown
    assert isinstance(current, Shown)  # noqa: S101 - set by `app` for each address of a page
    return current
