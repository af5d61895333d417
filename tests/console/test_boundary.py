"""An exception inside a program becomes one line and an exit code."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import NoReturn

import pytest

from runner.console.boundary import guarded
from runner.errors import UserError


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def program() -> NoReturn:
        raise error

    return program


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("No", "Do that"), 1, "error: No. Do that\n"),
        (UserError("\x1b[2J"), 1, "error: \\x1b[2J\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: No space left on device"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(2), 1, ""),
        (SystemExit(0), 0, ""),
        (ValueError("ours"), 3, "Traceback"),
    ],
)
def test_exit_codes(error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(error)) == code
    assert capsys.readouterr().err.startswith(said)


def test_a_program_says_itself_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert [guarded(lambda: None), guarded(lambda: 2)] == [0, 2]
    assert guarded(raising(ValueError("theirs")), lambda error: UserError(f"It is {error}")) == 1
    assert capsys.readouterr().err == "error: It is theirs\n"
