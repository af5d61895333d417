"""The boundary of a program: what is raised inside becomes one line and an exit code, in every entry point alike."""

from __future__ import annotations

import sys
from collections.abc import Callable

from runner.console.format import clean
from runner.console.pipes import output_is_lost, print_nowhere
from runner.errors import UserError, as_mistake

MISTAKE, INTERNAL_ERROR, INTERRUPTED, BROKEN_PIPE = 1, 3, 130, 141

Explain = Callable[[BaseException], UserError | None]


def guarded(program: Callable[[], int | None], explain: Explain = as_mistake) -> int:
    """Run a program and return its exit code.

    Parameters
    ----------
    program : callable
        What is to be done. It returns its exit code, or None for 0.
    explain : callable
        Returns what a user should read of an exception, None of one that is a bug of ours.

    Returns
    -------
    int
        The program's own code; 1 for a user's mistake, 3 for our bug, 130 for Ctrl-C, 141 if nobody reads the output.
    """
    try:
        return program() or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads it (`| head`) has seen enough
        print_nowhere()
        return BROKEN_PIPE
    except SystemExit as leaving:  # argparse's 2 means a failed run here
        return MISTAKE if leaving.code == 2 else int(leaving.code or 0)
    except Exception as error:  # noqa: BLE001 - the one place that tells mistakes from bugs
        if isinstance(error, OSError) and output_is_lost():
            return _refused(f"This cannot be printed: {error.strerror}")
        mistake = explain(error)
        if mistake is not None:
            return _refused(str(mistake))
        import traceback

        traceback.print_exception(error)
        return INTERNAL_ERROR


def _refused(line: str) -> int:
    sys.stderr.write(clean(f"error: {line}") + "\n")
    return MISTAKE
