"""A workspace that the studio shows."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from flask import g

from runner.api import Workspace
from runner.errors import UserError
from runner.studio.events import Feed


@dataclass(frozen=True)
class Shown:
    """A workspace, its number in addresses, the option by which commands find it, and what changes in it."""

    number: int
    workspace: Workspace
    option: tuple[str, ...] = ()
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feed", Feed(self.workspace))

    @property
    def name(self) -> str:
        """What people call it: the folder that has it, or its own name if that is not the usual one."""
        root = self.workspace.root
        return root.parent.name if root.name.startswith(".") and root.parent.name else root.name

    def command(self, *words: str) -> str:
        """Return a command as it is typed in a terminal to see the same."""
        return shlex.join(["vivero", *words, *self.option])

    def check(self) -> None:
        """Refuse to show a workspace that has been removed meanwhile.

        Raises
        ------
        UserError
            If it is gone.
        """
        if not self.workspace.root.is_dir():
            raise UserError(f"The workspace {self.workspace.root} is gone", "Restart vivero studio with another one")


def shown() -> Shown:
    """Return the workspace of the address that is being answered."""
    found = g.shown
    assert isinstance(found, Shown)  # noqa: S101 - set by `app` for each address of a page
    return found
