"""Turns the errors of Hydra and OmegaConf into one line, with the nearest right name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from runner.config.schema import COMPUTES, ENVIRONMENTS, fields_of
from runner.errors import UserError, nearest, storage_error
from runner.io.names import NAMING_KEYS, check_key

if TYPE_CHECKING:
    from yaml import YAMLError

GROUPS = ("workspace", "environment", "compute", "job", "data", "model", "endpoint", "experiment")
_UNKNOWN_KEY = re.compile(r"Key '([^']*)' (?:is )?not in '(\w+)'")
_NO_GROUP = re.compile(r"Could not override '([^'@]*)")
_FULL_KEY = re.compile(r"full_key: (\S+)")
_IN_FILE = re.compile(r"In '([^']*)': ")
_NO_PACKAGE = re.compile(r"In '(experiment/[^']*)'.*\n?Key 'experiment' not in 'RunSpec'")
_SEVERAL = re.compile(r"Ambiguous value for argument '\+*([^=']+)=([^']*)'")
_WORD = re.compile(r"Error merging override \+*([^=]+)=")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


_IS_NOT = re.compile(r"Value (.*) (?:of type '.*' could not be converted to|is not a valid) (\w+)", re.DOTALL)
_TYPES = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false", "bool": "true or false"}
_NO_CLASS = re.compile(r"(?:.*?)(\w+) is not a subclass of (\w+)\. value:(.*)", re.DOTALL)
_NULL = "nothing stands there, and it cannot be null"
_REASONS = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"While dereferencing interpolation '(.*?)': .*", r"what \1 refers to cannot stand there"),
        (r"Interpolation key '(.*)' not found.*", r"${\1} refers to no key"),
        (r"Interpolation to parent node.*", "it refers to what it is part of"),
        (r"Cannot convert '\w+' to string: '(.*)'", r"\1 is not a text"),
        (r".* is not Optional", _NULL),
        (r"Incompatible value 'None'.*", _NULL),
        (r"Key (.*) \(\w+\) is incompatible with.*", r"a name is a text: quote \1"),
        (r".*is not a ListConfig.*", "a list is needed, such as [a, b]"),
        (r"Cannot assign .* to Dict\[.*", "a mapping is needed, such as {name: ...}"),
        (r"Cannot merge DictConfig.*", "a list and a mapping cannot stand for each other"),
    )
]


def as_user_error(error: BaseException) -> UserError | None:
    """Return what a user should read of an exception, or None when it is not a mistake of theirs."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    chain = list(_chain(error))
    for one in chain:
        if (mistake := _plain_mistake(one)) is not None:
            return mistake
    if not any(isinstance(one, HydraException | OmegaConfBaseException) for one in chain):
        return None
    for one in chain:
        if isinstance(one, MissingConfigException):
            return _missing_option(one.missing_cfg_file or "", list(one.options or ()), str(one))
    text = "\n".join(str(one) for one in chain)
    for one in chain:
        if isinstance(one, OverrideParseException):
            return _unread(str(one.override))
    if several := _SEVERAL.search(text):
        return UserError(
            f"{several[1]} has several values ({several[2]})",
            f"Add -m to try each one, or write '{several[1]}=[{several[2]}]' for a list",
        )
    unknown = _UNKNOWN_KEY.search(text)
    if unknown:
        full = _FULL_KEY.search(text)
        key = full[1] if full else unknown[1]
        elsewhere = _options_with(key)
        hint = f"It is there with {' or '.join(elsewhere)}" if elsewhere else nearest(unknown[1], fields_of(unknown[2]))
        return UserError(f"There is no key '{key}'", hint)
    if "No match in the defaults list" in text:
        named = _NO_GROUP.search(text)
        word = named[1] if named else ""
        if word in GROUPS:
            return _not_chosen(word)
        return UserError(f"There is no group '{word}'", nearest(word, GROUPS))
    if "missing mandatory value" in text.lower():
        found = _FULL_KEY.search(text) or re.search(r"Missing mandatory value: (\S+)", text)
        return UserError(
            f"{found[1] if found else 'A setting'} has no value",
            "Set it in YAML or on the command line, or choose an experiment: +experiment=iris",
        )
    return _not_beside(chain) or _bad_value(chain) or UserError(_first_lines(str(chain[0])), _key_hint(text))


def _unread(word: str) -> UserError:
    """Return the mistake in a word that Hydra cannot read; a name does not become a better one by being quoted."""
    key, _, value = word.lstrip("+").partition("=")
    if key in NAMING_KEYS and value:
        try:
            check_key(key, value)
        except UserError as mistake:
            return mistake
    return UserError(f"'{word}' cannot be read", _quoting(word))


def _quoting(word: str) -> str:
    """Return how to write a word whose value has characters that mean something to Hydra."""
    import shlex

    key, equals, value = word.partition("=")
    if not equals:
        return "Write it as KEY=VALUE"
    if not key or not value or value[0] == "{" or any(mark in value for mark in '"\\'):
        return "Quote special characters: 'key=\"value\"'"
    if value[0] == "[" and value[-1] == "]":
        texts = ",".join(f'"{text.strip()}"' for text in value[1:-1].split(","))
        return "Quote its texts: " + shlex.quote(f"{key}=[{texts}]")
    return "Quote its text: " + shlex.quote(f'{key}="{value}"')


def _options_with(key: str) -> list[str]:
    """Return the options of a key's group that have it, where the chosen one has not."""
    group, _, name = key.partition(".")
    options: dict[str, type] = {"environment": ENVIRONMENTS, "compute": COMPUTES}.get(group, {})
    return [f"{group}={option}" for option, kind in options.items() if name in fields_of(kind.__name__)]


def _plain_mistake(error: BaseException) -> UserError | None:
    """Return what an exception says by itself, whatever it came from."""
    from yaml import YAMLError

    if isinstance(error, UserError):
        return error
    if isinstance(error, RecursionError):
        return _endless(error)
    if isinstance(error, YAMLError):
        return _unreadable(error)
    if found := _NO_PACKAGE.search(str(error)):
        return UserError(
            f"{found[1]}.yaml does not begin with '# @package _global_', so all of it stands below 'experiment'",
            "Make that its first line",
        )
    if isinstance(error, AttributeError) and (found := _FULL_KEY.search(str(error))) and found[1] in GROUPS:
        return _not_chosen(found[1])
    wrong = isinstance(error, ValueError) and str(error).startswith("Config group override must be")
    if wrong or (isinstance(error, TypeError) and _is_from(error, "hydra")):
        return UserError("A group takes the name of one of its files", "For example: environment=venv")
    return storage_error(error)


def _endless(error: RecursionError) -> UserError:
    """Return the mistake of what refers to itself, with the file whose defaults list does."""
    place, name = error.__traceback__, ""
    while place is not None:
        if place.tb_frame.f_code.co_name == "_create_defaults_tree_impl":
            name = str(place.tb_frame.f_locals["root"].node.get_config_path() or name)
        place = place.tb_next
    if name:
        return UserError(f"The defaults list of {name} names what leads back to it", "Take that out; it is _self_")
    return UserError("Something in the composition refers to itself, or is nested too deep")


def _is_from(error: BaseException, package: str) -> bool:
    """Tell whether an exception was raised in a package's own code."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and str(place.tb_frame.f_globals.get("__name__")).startswith(f"{package}.")


def _not_chosen(group: str) -> UserError:
    return UserError(f"'{group}' is not chosen by default", f"Add it with +{group}=NAME")


def _unreadable(error: YAMLError) -> UserError:
    """Return the mistake of a file that is no YAML, with its place."""
    from yaml import MarkedYAMLError

    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return UserError(" ".join(str(error).split()))
    mark = error.problem_mark
    return UserError(f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {error.problem}")


def _bad_value(chain: list[BaseException]) -> UserError | None:
    """Return the mistake of a value of another kind than its key takes."""
    from omegaconf.errors import (
        ConfigTypeError,
        InterpolationResolutionError,
        KeyValidationError,
        ValidationError,
    )

    for one in chain:
        if isinstance(one, ValidationError | ConfigTypeError | KeyValidationError | InterpolationResolutionError):
            file, word = _IN_FILE.match(str(chain[0])), _WORD.match(str(chain[0]))
            key = one.full_key or ""
            if word and "." not in key:
                key = word[1]  # of what is added only the end is told
            why = _reason(key, _first_lines(str(one)))
            return UserError(": ".join(filter(None, [key, why])) + (f", in {file[1]}" if file else ""))
    return None


def _not_beside(chain: list[BaseException]) -> UserError | None:
    """Return the mistake of changing a key of a free mapping, such as ``job.arguments``, that it does not have."""
    from omegaconf.errors import OmegaConfBaseException

    if not any("Could not override" in str(one) for one in chain):
        return None
    for one in chain:
        beside = getattr(one, "parent_node", None)
        if isinstance(one, OmegaConfBaseException) and isinstance(beside, Mapping):
            hint = f"{nearest(str(one.key), [str(name) for name in beside])} To add it, put a + before it"
            return UserError(f"There is no key '{one.full_key}'", hint.strip())
    return None


def _missing_option(path: str, options: list[str], text: str) -> UserError:
    group, _, name = path.rpartition("/")
    found = options or re.findall(r"^\t(\S+)$", text, flags=re.MULTILINE)
    if group:
        return UserError(f"There is no {group.lstrip('/')} '{name}'", nearest(name, found))
    return UserError(_first_lines(text))


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type="))]
    return " ".join(kept[:2]).rstrip(".")


def _key_hint(text: str) -> str:
    full = _FULL_KEY.search(text)
    return f"See the key '{full[1]}'" if full and full[1] else ""


def _reason(key: str, text: str) -> str:
    """Return why a value cannot be at a key.

    Parameters
    ----------
    key : str
        With all that is above it, empty if that is not known.
    text : str
        OmegaConf's message without its further lines.
    """
    for pattern, words in _REASONS:
        if found := pattern.fullmatch(text):
            return found.expand(words)
    if found := _IS_NOT.match(text):
        return f"{found[1]} is not {_TYPES.get(found[2], found[2])}"
    if found := _NO_CLASS.fullmatch(text):
        return _of_no_class(key, *found.groups())
    return text


def _of_no_class(key: str, kind: str, wanted: str, value: str) -> str:
    given = value.strip() or "''"
    if wanted == "str":
        return f"{given} is not a text"
    if kind != "dict":
        return f"{given} stands where a mapping is needed, with {', '.join(fields_of(wanted))}"
    above, _, name = key.removesuffix(".path").rpartition(".")
    return f"write it in its mapping, which keeps what else it has: '{above}={{{name}: {{...}}}}'"
