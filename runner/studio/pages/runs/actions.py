"""Actions on the selected runs. If an action fails for some runs, it is still carried out for the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.api import Run, Workspace
from runner.errors import UserError
from runner.studio.tags import read_tag

_SHOWN = 10  # problems


def _tag(run: Run, value: str) -> object:
    return run.tag(*read_tag(value))


ACTIONS: dict[str, Callable[[Run, str], object]] = {
    "tag": _tag,
    "note": lambda run, value: run.set_note(value.strip() or None),
    "rename": lambda run, value: run.rename(value.strip()),
    "archive": lambda run, _: run.archive(True),
    "restore": lambda run, _: run.archive(False),
    "cancel": lambda run, _: run.cancel(),
    "delete": lambda run, _: run.delete(),
}


def act(workspace: Workspace, action: str, run_ids: Sequence[str], value: str) -> tuple[int, list[str]]:
    """Carry out an action on some runs.

    Returns
    -------
    done : int
        The number of runs for which it succeeded.
    problems : list of str
        A line for each of the others: at most ten, then how many more there are.

    Raises
    ------
    UserError
        If there is no such action.
    """
    do = ACTIONS.get(action)
    if do is None:
        raise UserError(f"There is no action '{action}'")
    done, problems = 0, list[str]()
    for run_id in run_ids:
        try:
            run = workspace.run(run_id)
            if run.id != run_id:  # a part of an id, or `latest`, may name another run by now
                raise UserError(f"There is no run {run_id}")
            do(run, value)
            done += 1
        except UserError as error:
            problems.append(str(error))
    more = len(problems) - _SHOWN
    return done, [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
