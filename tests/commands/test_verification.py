"""The report of ``vivero models verify`` and ``vivero data verify``."""

import click
from click.testing import CliRunner

from runner.commands.common import global_options
from runner.commands.verification import report
from runner.errors import UserError


class _Held:
    """A model with two versions, the first of which is damaged; or one whose folder cannot be read."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name, self._error = name, error

    def version_numbers(self) -> list[int]:
        if self._error is not None:
            raise self._error
        return [1, 2]

    def verify(self, number: int) -> list[str]:
        return ["model.pkl has changed"] if number == 1 else []


def test_what_cannot_be_listed_is_named_and_the_others_are_verified() -> None:
    closed = PermissionError(13, "Permission denied", "data/closed")
    held = [_Held("closed", closed), _Held("broken", UserError("its folder is damaged")), _Held("well")]

    @click.command()
    @global_options
    @click.pass_context
    def verify(context: click.Context) -> None:
        report(context, [(one, None) for one in held])

    done = CliRunner().invoke(verify)
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        "closed  Permission denied: data/closed",
        "broken  its folder is damaged",
        "well:1  model.pkl has changed",
        "2 versions checked, 1 damaged; 2 of the names could not be read",
    ]
