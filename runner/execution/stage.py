"""What a stage of a run is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from runner.execution.context import RunContext
    from runner.records import RunRecord


class Stage(NamedTuple):
    """One stage.

    Parameters
    ----------
    name : str
        Also the field of the run's record that gets the stage's result.
    status : str
        The run's status meanwhile.
    word : str
        What the user is shown.
    function : callable
        Carries the stage out and returns its result.
    recorded : bool
        Whether the run's record is written before the stage starts. It is not worth that for an instant stage which
        can be repeated: the result of the stage before is then written together with this one's.
    """

    name: str
    status: str
    word: str
    function: Callable[[RunContext, RunRecord], Any]
    recorded: bool = True
