"""Reads settings that were typed as ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

from runner.endpoint_settings import EndpointSettings
from runner.errors import UserError, nearest

Form = TypeVar("Form", bound=EndpointSettings)


def read_words(form: type[Form], words: Sequence[str]) -> Form:
    """Return typed settings, checked against their form.

    Raises
    ------
    UserError
        For a misspelt key or a value of another type.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

    try:
        given = _as_meant(form, words, OmegaConf.to_container(OmegaConf.from_dotlist(list(words))))
        found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(form), given))
    except ConfigKeyError as error:
        key = str(error.full_key or "").split(".")[0]
        raise UserError(f"There is no setting '{key}'", nearest(key, [one.name for one in fields(form)])) from None
    except OmegaConfBaseException as error:
        raise UserError(f"{error.full_key}: {str(error).splitlines()[0]}") from None
    assert isinstance(found, form)  # noqa: S101 - what was merged into
    return found


def _as_meant(form: type[EndpointSettings], words: Sequence[str], given: Any) -> Any:
    """Return values as they were meant where YAML reads something else.

    A single word where a list is wanted is a list of one: ``models=iris``. A text is what was typed: to YAML, the
    address ``::`` is a mapping.
    """
    typed = dict(word.partition("=")[::2] for word in words)
    for one in fields(form):
        value = given.get(one.name)
        if one.default_factory is list and isinstance(value, str | int | float):
            given[one.name] = [value]
        elif one.type in ("str", "Optional[str]") and one.name in typed and not isinstance(value, str | None):
            given[one.name] = typed[one.name]
    return given
