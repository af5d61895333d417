"""``vivero run``: what ``python -m runner`` is, where that is long to type."""

from __future__ import annotations

import os
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def run(words: tuple[str, ...]) -> None:
    """Compose and run: the same as `python -m runner WORDS`."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "runner", *words])  # noqa: S606 - an argv, no shell
