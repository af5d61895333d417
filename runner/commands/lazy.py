"""A group of commands whose modules are imported on demand."""

from __future__ import annotations

import importlib
from typing import Any

import click

from runner.errors import UserError, nearest


class LazyGroup(click.Group):
    """A group that knows its commands as ``module:attribute`` and suggests the nearest name for a typo.

    With a `default`, any other first word is an argument of that command.
    """

    def __init__(
        self, *args: Any, lazy: dict[str, str] | None = None, default: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy or {}
        self.default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order they are declared."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its module."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.lazy[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  (our own table)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, or suggest a similar one."""
        if self.default is not None and args and self.get_command(ctx, args[0]) is None:
            return self.default, self.get_command(ctx, self.default), args
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UserError(f"Unknown command '{args[0]}'", nearest(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)
