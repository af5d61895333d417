"""``vivero run``: a shorter form of ``python -m runner``."""

from __future__ import annotations

import os
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def run(words: tuple[str, ...]) -> None:
    """Start a run or sweep: the same as `python -m runner WORDS`."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "runner", *words])  # noqa: S606 - an argv, no shell
