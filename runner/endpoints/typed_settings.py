"""Parses settings that were typed as ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any, TypeVar

from runner.config.endpoint_settings import EndpointSettings
from runner.config.limits.words import check_words
from runner.config.limits.yaml_files import check
from runner.errors import UserError, nearest

_LONGEST = 60  # characters of a value in a message
_NOTHING = ("", "null", "~")
_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}
Form = TypeVar("Form", bound=EndpointSettings)


def read_words(form: type[Form], words: Sequence[str]) -> Form:
    """Parse typed settings and check them against their schema.

    Parameters
    ----------
    form : type
        The dataclass of the settings.
    words : sequence of str
        The settings as ``key=value``.

    Raises
    ------
    UserError
        For a misspelt key or a value of another type.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import ConfigKeyError, OmegaConfBaseException
    from yaml import YAMLError

    check_words(words)
    texts = {field.name for field in fields(form) if field.type in ("str", "Optional[str]")}
    pairs = [word.partition("=")[::2] for word in words]
    # Texts are not parsed as YAML, in which the address "::" is a mapping and [::1] an error.
    typed: dict[str, Any] = {key: None if value in _NOTHING else _bare(value) for key, value in pairs if key in texts}
    lists = {field.name for field in fields(form) if field.default_factory is list}
    # A single word is a list of one: models=iris, and hosts=*, which is not valid YAML.
    typed |= {
        key: [_bare(value)] for key, value in pairs if key in lists and value[:1] != "[" and value not in _NOTHING
    }
    rest = [(key, value) for key, value in pairs if key not in typed]
    for key, value in rest:
        check(value, key)
    try:
        given = OmegaConf.from_dotlist([f"{key}={value}" for key, value in rest])
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(form), given, typed))
    except ConfigKeyError as error:
        raise _unknown(str(error.full_key or ""), pairs, [field.name for field in fields(form)]) from None
    except (OmegaConfBaseException, YAMLError) as error:
        raise _wrong_value(form, pairs, error) from None
    assert isinstance(settings, form)  # noqa: S101 - the type that was merged into
    return settings


def _bare(value: str) -> str:
    """Return a value without the quotes around it."""
    return value.strip("'\"")


def _unknown(key: str, pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> UserError:
    name = key.partition(".")[0]
    meant = next((given.partition(".")[2] for given, _ in pairs if given.startswith("endpoint.")), None)
    if name == "endpoint" and meant in known:  # as it is written in a composition
        return UserError(f"There is no setting 'endpoint.{meant}' here", f"Leave out 'endpoint.': {meant}=...")
    return UserError(f"There is no setting '{name}'", nearest(name, known))


def _wrong_value(form: type[EndpointSettings], pairs: Sequence[tuple[str, str]], error: Exception) -> UserError:
    """Return the error for the first value that its setting does not accept."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    kinds = {field.name: field for field in fields(form)}
    for key, value in pairs:
        try:
            OmegaConf.merge(OmegaConf.structured(form), OmegaConf.from_dotlist([f"{key}={value}"]))
        except (OmegaConfBaseException, YAMLError):
            if key in kinds and value in _NOTHING:
                return UserError(f"{key}= has no value")
            if key in kinds:
                return UserError(f"{key}={value[:_LONGEST]} is not {_word(kinds[key])}")
    return UserError(str(error).splitlines()[0])


def _word(field: Field[Any]) -> str:
    """Name the values that a setting accepts."""
    if field.default_factory is list:
        return "a list, such as [a,b]"
    if field.name == "workspace":
        return "a setting. Write workspace.root=PATH"
    return next((word for kind, word in _WORDS.items() if kind in str(field.type)), "a text")
