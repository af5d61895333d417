"""Reads settings that were typed as ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

from runner.config.endpoint_settings import EndpointSettings
from runner.config.limits.words import check_words
from runner.config.limits.yaml_files import check
from runner.errors import UserError, nearest

_NOTHING = ("", "null", "~")
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

    check_words(words)
    texts = {one.name for one in fields(form) if one.type in ("str", "Optional[str]")}
    pairs = [word.partition("=")[::2] for word in words]
    # A text is what was typed: to YAML, the address "::" is a mapping, and [::1] a mistake.
    typed = {key: None if value in _NOTHING else value.strip("'\"") for key, value in pairs if key in texts}
    for key, value in pairs:
        if key not in texts:
            check(value, key)
    try:
        given: Any = OmegaConf.from_dotlist([f"{key}={value}" for key, value in pairs if key not in texts])
        for one in fields(form):
            if one.default_factory is list and isinstance(given.get(one.name), str | int | float):
                given[one.name] = [given[one.name]]  # a single word is a list of one: models=iris
        found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(form), given, typed))
    except ConfigKeyError as error:
        key = str(error.full_key or "").split(".")[0]
        raise UserError(f"There is no setting '{key}'", nearest(key, [one.name for one in fields(form)])) from None
    except OmegaConfBaseException as error:
        raise UserError(f"{error.full_key}: {str(error).splitlines()[0]}") from None
    assert isinstance(found, form)  # noqa: S101 - what was merged into
    return found
