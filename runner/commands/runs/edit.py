"""``vivero tag``, ``rename``, ``note`` and ``archive``: edit the labels of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened, pairs, wants_json
from runner.commands.output import emit_json, say
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.runs.run import Run


@click.command()
@click.argument("run")
@click.argument("tags", nargs=-1, metavar="KEY=VALUE...")
@click.option("--drop", multiple=True, metavar="KEY", help="Remove this tag. May be repeated.")
@global_options
def tag(run: str, tags: tuple[str, ...], drop: tuple[str, ...]) -> None:
    """Set tags of a run, or remove them."""
    if not tags and not drop:
        raise UserError("No tag is given", f"For example: vivero tag {run} team=vision, or --drop team")
    changes: dict[str, str | None] = {**pairs(tags, "vivero tag"), **dict.fromkeys(drop)}
    target = opened().run(run)
    for key in drop:
        if key not in target.tags:
            raise UserError(f"Run {target.id} has no tag '{key}'", f"Its tags: {', '.join(target.tags) or 'none'}")
    target.set_tags(changes)
    shown = ", ".join(f"{key}={value}" for key, value in target.tags.items()) or "none"
    _print(target, f"Tags of run {target.id}: {shown}", tags=target.tags)


@click.command()
@click.argument("run")
@click.argument("name")
@global_options
def rename(run: str, name: str) -> None:
    """Give a run another display name. Its id stays."""
    target = opened().run(run).rename(name)
    _print(target, f"Run {target.id} is now named {name}", display_name=name)


@click.command()
@click.argument("run")
@click.argument("text")
@global_options
def note(run: str, text: str) -> None:
    """Write a note about a run. An empty TEXT removes it."""
    target = opened().run(run).set_note(text)
    _print(
        target,
        f"Saved the note on run {target.id}" if text else f"Removed the note on run {target.id}",
        note=target.note,
    )


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--undo", is_flag=True, help="Show the runs in lists again.")
@global_options
def archive(runs: tuple[str, ...], undo: bool) -> None:
    """Leave runs out of lists. Nothing of them is removed, and `vivero runs --archived` shows them."""
    workspace = opened()
    # All are found before any is changed, so that a misspelt one changes nothing.
    targets = list(dict.fromkeys(workspace.run(text) for text in runs))
    for run in targets:
        run.archive(not undo)
        if not wants_json():
            say(f"Run {run.id} is no longer archived" if undo else f"Run {run.id} is archived")
    if wants_json():
        emit_json([{"id": run.id, "archived": run.archived} for run in targets])


def _print(run: Run, line: str, **fields: object) -> None:
    if wants_json():
        emit_json({"id": run.id, **fields})
    else:
        say(line)
