"""``vivero environments build``: builds a composition's environment without running the script."""

from __future__ import annotations

import os
import sys

import click

from runner.commands.common import given_workspace, workspace_option


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@workspace_option
def build(words: tuple[str, ...]) -> None:
    """Build an environment. Takes the same words as ``python -m runner``."""
    root = given_workspace()
    place = [f"workspace.root={root}"] if root else []
    sys.stdout.flush()
    command = [sys.executable, "-m", "runner", *words, *place, "stages=[prepare]"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is needed
