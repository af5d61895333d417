"""Finds the run or sweep that a user means. A sweep given for a run, or a run for a sweep, is named as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from runner.errors import NotFoundError, UserError

R_co = TypeVar("R_co", covariant=True)


class Store(Protocol[R_co]):
    """The records of one kind."""

    def find(self, text: str) -> R_co:
        """Return the record that a text means."""

    def matching(self, text: str) -> list[str]:
        """Return the ids that contain it."""


def find_record(
    text: str, store: Store[R_co], others: Callable[[], Store[object]], say: Callable[[str], tuple[str, str]]
) -> R_co:
    """Return the record that a text means.

    Parameters
    ----------
    text : str
        An id, a unique part of one, or ``latest``.
    store : Store
        The records of the kind that is wanted.
    others : callable
        Returns those of the kind that users take for it.
    say : callable
        Returns message and advice, given the only id of the other kind that the text means.

    Raises
    ------
    UserError
        If there is none or more than one.
    """
    try:
        return store.find(text)
    except UserError:
        meant = others().matching(text) if text else []
        if len(meant) != 1 or store.matching(text):
            raise
        raise NotFoundError(*say(meant[0])) from None
