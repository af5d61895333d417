"""Turns the errors of Hydra and OmegaConf into one line, with the nearest right name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from runner.config.computes import COMPUTES
from runner.config.messages.reasons import A_LIST, reason
from runner.config.schema import ENVIRONMENTS, GROUPS, fields_of
from runner.errors import UserError, nearest, nearest_key, storage_error
from runner.io.names import NAMING_KEYS, check_key

if TYPE_CHECKING:
    from yaml import YAMLError

_UNKNOWN_KEY = re.compile(r"Key '([^']*)' (?:is )?not in '(\w+)'")
_NO_GROUP = re.compile(r"Could not override '([^'@]*)")
_ADDED = re.compile(r"To append to your default list use (\+\S+)")
_TYPED = re.compile(r"(?:Could not override '|Error merging override \+*)([^'=]+)")
_FULL_KEY = re.compile(r"full_key: (\S+)")
_IN_FILE = re.compile(r"In '([^']*)': ")
_NO_PACKAGE = re.compile(r"In '(experiment/[^']*)'.*\n?Key 'experiment' not in 'RunSpec'")
_SEVERAL = re.compile(r"Ambiguous value for argument '\+*([^=']+)=([^']*)'")
_WORD = re.compile(r"Error merging override \+*([^=]+)=(.*)")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def as_user_error(error: BaseException) -> UserError | None:
    """Return the user's mistake behind an exception, or None if it is a bug."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    chain = list(_chain(error))
    for cause in chain:
        if (mistake := _plain_mistake(cause)) is not None:
            return mistake
    if not any(isinstance(cause, HydraException | OmegaConfBaseException) for cause in chain):
        return None
    for cause in chain:
        if isinstance(cause, MissingConfigException):
            return _missing_option(cause.missing_cfg_file or "", list(cause.options or ()), str(cause))
    text = "\n".join(str(cause) for cause in chain)
    for cause in chain:
        if isinstance(cause, OverrideParseException):
            return _unparsable(str(cause.override))
    if several := _SEVERAL.search(text):
        return UserError(
            f"{several[1]} has several values ({several[2].replace(',', ', ')})",
            f"Add -m to try each one, or write '{several[1]}=[{several[2]}]' for a list",
        )
    if unknown := _UNKNOWN_KEY.search(text):
        return _unknown_key(unknown[1], unknown[2], text)
    if "No match in the defaults list" in text:
        named = _NO_GROUP.search(text)
        word = named[1] if named else ""
        if word in GROUPS:
            return _not_chosen(word, text)
        return UserError(f"Unknown group '{word}'", nearest(word, GROUPS))
    if "missing mandatory value" in text.lower():
        match = _FULL_KEY.search(text) or re.search(r"Missing mandatory value: (\S+)", text)
        return UserError(
            f"{match[1] if match else 'A setting'} has no value",
            "Set it with KEY=VALUE, or choose an experiment: +experiment=iris",
        )
    return _missing_key(chain) or _bad_value(chain) or UserError(_first_lines(str(chain[0])), _key_hint(text))


def _unknown_key(name: str, section: str, text: str) -> UserError:
    """Return the error for an unknown key. The hint names the intended key in full."""
    full, typed = _FULL_KEY.search(text), _TYPED.search(text)
    key = full[1] if full else name
    rest = typed[1].removeprefix(key) if typed and typed[1].startswith(f"{key}.") else ""
    options = _options_with(key)
    hint = f"It exists with {' or '.join(options)}" if options else nearest_key(key, fields_of(section), rest)
    return UserError(f"Unknown key '{key}{rest}'", hint)


def _unparsable(word: str) -> UserError:
    """Return the error for a word that Hydra cannot parse. For names, quoting would not help."""
    key, _, value = word.lstrip("+").partition("=")
    if key in NAMING_KEYS and value:
        try:
            check_key(key, value)
        except UserError as mistake:
            return mistake
    return UserError(f"'{word}' cannot be read", _quoting(word))


def _quoting(word: str) -> str:
    """Return how to write a word whose value has characters that are special to Hydra."""
    import shlex

    key, equals, value = word.partition("=")
    if not equals:
        return "Settings are written as KEY=VALUE"
    if not key or not value or value[0] == "{" or any(mark in value for mark in '"\\'):
        return "Quote special characters: 'key=\"value\"'"
    if value[0] == "[" and value[-1] == "]":
        texts = ",".join(f'"{text.strip()}"' for text in value[1:-1].split(","))
        return "Quote the texts: " + shlex.quote(f"{key}=[{texts}]")
    return "Quote the text: " + shlex.quote(f'{key}="{value}"')


def _options_with(key: str) -> list[str]:
    """Return the options of the key's group that have the key."""
    group, _, name = key.partition(".")
    groups: dict[str, Mapping[str, type]] = {"environment": ENVIRONMENTS, "compute": COMPUTES}
    options: Mapping[str, type] = groups.get(group, {})
    return [f"{group}={option}" for option, kind in options.items() if name in fields_of(kind.__name__)]


def _plain_mistake(error: BaseException) -> UserError | None:
    """Return the error for an exception that needs no context."""
    from yaml import YAMLError

    if isinstance(error, UserError):
        return error
    if isinstance(error, RecursionError):
        return _circular(error)
    if isinstance(error, YAMLError):
        return _unreadable(error)
    if match := _NO_PACKAGE.search(str(error)):
        return UserError(
            f"{match[1]}.yaml does not begin with '# @package _global_', so its settings end up under 'experiment'",
            "Add it as the first line",
        )
    if isinstance(error, AttributeError) and (match := _FULL_KEY.search(str(error))) and match[1] in GROUPS:
        return _not_chosen(match[1], "")
    if isinstance(error, AssertionError) and _is_from(error, "omegaconf"):
        return _below_null(error)
    wrong = isinstance(error, ValueError) and str(error).startswith("Config group override must be")
    if wrong or (isinstance(error, TypeError) and _is_from(error, "hydra")):
        return UserError("A group's value is the name of one of its files", "For example: environment=venv")
    return storage_error(error)


def _circular(error: RecursionError) -> UserError:
    """Return the error for a reference to itself, naming the file if it is in a defaults list."""
    place, name = error.__traceback__, ""
    while place is not None:
        if place.tb_frame.f_code.co_name == "_create_defaults_tree_impl":
            name = str(place.tb_frame.f_locals["root"].node.get_config_path() or name)
        place = place.tb_next
    if name:
        return UserError(
            f"The defaults list of {name} includes itself", "Remove that entry; a file refers to itself as _self_"
        )
    return UserError(
        "The configuration refers to itself or is nested too deeply",
        "Look for a ${...} reference that leads back to its own key",
    )


def _is_from(error: BaseException, package: str) -> bool:
    """Return whether an exception was raised in a package's own code."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and str(place.tb_frame.f_globals.get("__name__")).startswith(f"{package}.")


def _not_chosen(group: str, text: str) -> UserError:
    added = _ADDED.search(text)
    name = added[1] if added else f"+{group}=NAME"
    return UserError(f"No {group} is chosen by default", f"To add one, put a + before it: {name}")


def _below_null(error: AssertionError) -> UserError | None:
    """Return the error for a key below one that is null, which OmegaConf only asserts."""
    place, key = error.__traceback__, ""
    while place is not None:
        if place.tb_frame.f_code.co_name == "update":
            key = str(place.tb_frame.f_locals.get("key", ""))
        place = place.tb_next
    above = key.rpartition(".")[0]
    if above in GROUPS:
        return UserError(f"{key} has no effect: no {above} is chosen", f"Add one: +{above}=NAME")
    return UserError(f"Unknown key '{key}'", f"{above} is null") if above else None


def _unreadable(error: YAMLError) -> UserError:
    """Return the error for a file that is not YAML, with the position."""
    from yaml import MarkedYAMLError

    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return UserError(" ".join(str(error).split()))
    mark = error.problem_mark
    return UserError(f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {error.problem}")


def _bad_value(chain: list[BaseException]) -> UserError | None:
    """Return the error for a value of the wrong type."""
    from omegaconf.errors import (
        ConfigTypeError,
        InterpolationResolutionError,
        KeyValidationError,
        ValidationError,
    )

    for cause in chain:
        if isinstance(cause, ValidationError | ConfigTypeError | KeyValidationError | InterpolationResolutionError):
            file, word = _IN_FILE.match(str(chain[0])), _WORD.match(str(chain[0]))
            key = cause.full_key or ""
            if word and "." not in key:
                key = word[1]  # for added keys, only the last part is reported
            why = reason(_first_lines(str(cause)))
            what = f"{key} {why}" if key and why.startswith("must ") else ": ".join(filter(None, [key, why]))
            if word is not None and word[1] == key and why == A_LIST:
                what = f"{key} must be a list, such as {key}=[{word[2]}]"
            return UserError(what + (f", in {file[1]}" if file else ""))
    return None


def _missing_key(chain: list[BaseException]) -> UserError | None:
    """Return the error for changing a missing key of a free mapping, such as ``job.arguments``."""
    from omegaconf.errors import OmegaConfBaseException

    if not any("Could not override" in str(cause) for cause in chain):
        return None
    for cause in chain:
        beside = getattr(cause, "parent_node", None)
        if isinstance(cause, OmegaConfBaseException) and isinstance(beside, Mapping):
            hint = nearest_key(str(cause.full_key), [str(name) for name in beside])
            return UserError(f"Unknown key '{cause.full_key}'", f"{hint} To add it, put a + before it".strip())
    return None


def _missing_option(path: str, options: list[str], text: str) -> UserError:
    group, _, name = path.rpartition("/")
    known = options or re.findall(r"^\t(\S+)$", text, flags=re.MULTILINE)
    if group:
        return UserError(f"Unknown {group.lstrip('/')} '{name}'", nearest(name, known))
    return UserError(_first_lines(text))


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type="))]
    return " ".join(kept[:2]).rstrip(".")


def _key_hint(text: str) -> str:
    full = _FULL_KEY.search(text)
    return f"Check the value of {full[1]}" if full and full[1] else ""
