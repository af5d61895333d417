"""Turns every exception of a program into one line and an exit code, in every entry point."""

from __future__ import annotations

import sys
from collections.abc import Callable

from runner.console.format import clean
from runner.console.pipes import discard_output, output_failed
from runner.errors import UserError, as_mistake

MISTAKE, INTERNAL_ERROR, INTERRUPTED, BROKEN_PIPE = 1, 3, 130, 141

Explain = Callable[[BaseException], UserError | None]


def guarded(program: Callable[[], int | None], explain: Explain = as_mistake) -> int:
    """Run a program and return its exit code.

    Parameters
    ----------
    program : callable
        The program. It returns its exit code, or None for 0.
    explain : callable
        Returns the user's mistake behind an exception, or None if the exception is a bug.

    Returns
    -------
    int
        The program's own code, 1 for a user's mistake, 3 for a bug, 130 for Ctrl-C, 141 if the output's reader is gone.
    """
    try:
        return program() or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `| head`, has closed the pipe
        discard_output()
        return BROKEN_PIPE
    except SystemExit as leaving:  # argparse exits with 2, which here means a failed run
        return MISTAKE if leaving.code == 2 else int(leaving.code or 0)
    except Exception as error:  # noqa: BLE001 - the only place that distinguishes mistakes from bugs
        if isinstance(error, OSError) and output_failed():
            return _refused(f"Cannot write the output: {error.strerror}")
        mistake = explain(error)
        if mistake is not None:
            return _refused(str(mistake))
        import traceback

        traceback.print_exception(error)
        return INTERNAL_ERROR


def _refused(line: str) -> int:
    sys.stderr.write(clean(f"error: {line}") + "\n")
    return MISTAKE
