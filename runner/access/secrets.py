"""Finds secrets in a composition and replaces them in records.

A value is secret if its name says so, if it is an address with a password, or if a job's variable or argument takes it
from the environment. Records keep the reference, ``${oc.env:NAME}``, so that a rerun can read it again. A value
that was typed has no reference and is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MASK = "***"
FREE = ("environment_variables", "arguments", "command")  # of the job: whatever its script needs

_NAMES = re.compile(
    r"passw(or)?d|passphrase|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key", re.IGNORECASE
)
_WORDS = re.compile(r"(?:^|[^a-z])(?:[a-z]*token[^a-z]*$|[a-z]*auth(?:$|[^a-z])|authorization)", re.IGNORECASE)
_MAYBE = re.compile(rf"{_NAMES.pattern}|token|auth", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_URL = re.compile(r"(?P<start>[A-Za-z][\w+.-]*://[^\s/@:]*:)(?P<password>[^\s/@]+)(?=@)")
_ENVIRONMENT = re.compile(r"\$\{\s*oc\.env:\s*(?P<name>\w+)\s*(?P<default>,[^{}]*)?\}")
_FILLED_LATER = re.compile(r"\$\{(?:input|output|step):[^{}]*\}")  # with paths, when the run is prepared
_LEAST = 6  # the least length of a value that is searched for elsewhere; a shorter one is part of many words


def is_secret(name: str, value: Any) -> bool:
    """Return whether a value is secret, by its name or its form.

    Parameters
    ----------
    name : str
        Of a variable, an argument or a flag: ``GITHUB_TOKEN``, ``--api-key``, ``dbPassword``.
    value : object
        A number named for a token is a count of tokens, and true and false are never secret.
    """
    if value is None or isinstance(value, bool) or value == "":
        return False
    said = _HUMP.sub("_", name).replace("-", "_")
    if _NAMES.search(said):
        return True
    return isinstance(value, str) and bool(_WORDS.search(said) or _URL.search(value))


def without_passwords(text: str) -> str:
    """Return a text with the passwords of addresses masked."""
    return _URL.sub(rf"\g<start>{MASK}", text)


def reference_of(written: Any) -> str | None:
    """Return the reference that a value was written as, without its default; None if it was not a reference."""
    if not isinstance(written, str) or "${" not in _FILLED_LATER.sub("", written):
        return None
    return _ENVIRONMENT.sub(lambda match: f"${{oc.env:{match['name']}}}", written)


def variables_in(text: str) -> list[str]:
    """Return the names of the environment variables that a text refers to."""
    return [match["name"] for match in _ENVIRONMENT.finditer(text)]


def without_references(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text with its references to environment variables replaced by their values."""
    return _ENVIRONMENT.sub(lambda match: value_of(match["name"]), text) if "${" in text else text


class Confidential:
    """One composition and what is secret in it.

    Parameters
    ----------
    plain : mapping
        The composition, interpolations resolved.
    written : mapping
        The same, interpolations as written.
    more : sequence of str
        Further secret values.

    Attributes
    ----------
    plain, written : mapping
        The same with secrets replaced, as records keep them.
    values : dict of str
        The replacement for each secret value.
    places : set of str
        The keys of values that were typed, and are masked.
    """

    def __init__(self, plain: Mapping[str, Any], written: Mapping[str, Any], more: Sequence[str] = ()) -> None:
        self.values: dict[str, str] = dict.fromkeys(more, MASK)
        self.places: set[str] = set()
        masked = self._masked(plain, written, ())
        self.plain: dict[str, Any] = self._scrubbed(masked[0], written)
        self.written: dict[str, Any] = self._scrubbed(masked[1], written)

    def text(self, text: str) -> str:
        """Return a text with each secret replaced that is long enough to be distinctive."""
        for value in sorted(self.values, key=len, reverse=True):
            if len(value) >= _LEAST:
                text = text.replace(value, self.values[value])
        return text

    def override(self, word: str) -> str:
        """Return a command-line word with its secrets masked."""
        key, equals, value = word.partition("=")
        path = key.lstrip("+~").partition("@")[0]
        if not equals:
            return word
        said = self.text(masked_word(word))
        within = [
            place
            for place in self.places
            if place == path or place.startswith(f"{path}.") or path.startswith(f"{place}.")
        ]
        if said != word or not within or MASK in value:
            return said
        return f"{key}={MASK}"

    def _masked(self, plain: Any, written: Any, path: tuple[str, ...]) -> tuple[Any, Any]:
        """Return the resolved and the written value below a key, with secrets masked."""
        if isinstance(plain, Mapping):
            mapping = written if isinstance(written, Mapping) else {}
            both = {key: self._masked(value, mapping.get(key), (*path, str(key))) for key, value in plain.items()}
            resolved = {key: pair[0] for key, pair in both.items()}
            return resolved, {key: pair[1] for key, pair in both.items()} if mapping or not plain else written
        if isinstance(plain, list):
            return self._masked_list(plain, written, path)
        return self._masked_value(path[-1] if path else "", plain, written, path)

    def _masked_list(self, plain: list[Any], written: Any, path: tuple[str, ...]) -> tuple[Any, Any]:
        same = isinstance(written, list) and len(written) == len(plain)
        pairs = []
        for at, item in enumerate(plain):
            raw = written[at] if same else None
            pairs.append(self._masked_word(_name_at(plain, at, path), item, raw, path))
        resolved = [pair[0] for pair in pairs]
        return resolved, [pair[1] for pair in pairs] if same or not plain else written

    def _masked_word(self, name: str, plain: Any, written: Any, path: tuple[str, ...]) -> tuple[Any, Any]:
        """Return a word of a list, which may bring its name: ``--token=abc``."""
        if isinstance(plain, str) and _is_free(path) and "=" in plain and is_secret(*_named(plain)):
            flag, value = _named(plain)
            raw = written.partition("=")[2] if isinstance(written, str) and written.startswith(f"{flag}=") else None
            masked = self._masked_value(flag, value, raw, path)
            return f"{flag}={masked[0]}", f"{flag}={masked[1]}"
        if isinstance(plain, Mapping | list):
            return self._masked(plain, written, path)
        return self._masked_value(name, plain, written, path)

    def _masked_value(self, name: str, plain: Any, written: Any, path: tuple[str, ...]) -> tuple[Any, Any]:
        reference = reference_of(written)
        if plain is None or isinstance(plain, bool):
            return plain, plain if reference is None else written
        names = variables_in(reference or "")
        by_name = _is_free(path) and is_secret(name, plain)
        if reference is not None and (by_name or any(is_secret(candidate, "x") for candidate in names)):
            return self._keep(plain, reference), reference
        if names and _is_free(path):
            return self._keep(plain, reference, elsewhere=False), written
        if isinstance(plain, str) and _URL.search(plain) and not _NAMES.search(name):
            return self._without_password(plain, written, reference, path)
        if by_name:
            self.places.add(".".join(path))
            return self._keep(plain, MASK), MASK
        return plain, plain if written is None else written

    def _without_password(
        self, plain: str, written: Any, reference: str | None, path: tuple[str, ...]
    ) -> tuple[Any, Any]:
        for match in _URL.finditer(plain):
            self._keep(match["password"], MASK)
        self.places.add(".".join(path))
        masked = reference if reference is not None and _is_free(path) else without_passwords(plain)
        return masked, without_passwords(str(written)) if reference is None else reference

    def _keep(self, value: Any, instead: str | None, *, elsewhere: bool = True) -> str:
        """Remember the replacement for a secret; one that could be any word is only masked at its own key."""
        assert instead is not None  # noqa: S101 - a reference, or the mask
        if elsewhere:
            self.values[str(value)] = instead
        return instead

    def _scrubbed(self, value: Any, written: Any) -> Any:
        """Return a value without secrets that it got by reference to another key."""
        if isinstance(value, Mapping):
            mapping = written if isinstance(written, Mapping) else {}
            return {key: self._scrubbed(item, mapping.get(key)) for key, item in value.items()}
        if isinstance(value, list):
            same = isinstance(written, list) and len(written) == len(value)
            return [self._scrubbed(item, written[at] if same else None) for at, item in enumerate(value)]
        if not isinstance(value, str) or self.text(value) == value:
            return value
        return reference_of(written) or self.text(value)


def masked_word(word: str) -> str:
    """Return a command-line word, its value masked if its key names a secret."""
    key, equals, value = word.partition("=")
    reference = reference_of(value)
    secret = equals and is_secret_at(key, value) and value != "null"
    return f"{key}={reference or MASK}" if secret else word


def is_secret_at(key: str, value: Any) -> bool:
    """Return whether the value of a key of the composition, such as ``job.arguments.token``, is secret by its name."""
    path = below_steps(key.lstrip("+~").split("."))
    return len(path) > 2 and _is_free(path) and is_secret(path[-1], value)


def below_steps(path: Sequence[str]) -> Sequence[str]:
    """Return where a key is within the step of a pipeline that it belongs to; the same if it belongs to none."""
    while len(path) > 3 and tuple(path[:2]) == ("pipeline", "steps"):
        path = path[3:]
    return path


def confidential(plain: Mapping[str, Any], written: str) -> Confidential | None:
    """Return the secrets of a composition, or None if it has none.

    Parameters
    ----------
    plain : mapping
        The composition, interpolations resolved.
    written : str
        The same as YAML, interpolations as written; parsed only if necessary.
    """
    if "oc.env:" not in written and "://" not in written and not _may_have(plain):
        return None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    result = Confidential(plain, yaml.load(written, Loader=loader) or {})  # noqa: S506 - a safe one
    return None if result.plain == plain and result.written is not None and not result.values else result


def _may_have(plain: Mapping[str, Any]) -> bool:
    """Return whether a job may contain a secret, which decides whether it is examined closely."""
    job = plain.get("job") or {}
    return any(_MAYBE.search(str(value)) for value in (*map(job.get, FREE), plain.get("pipeline")))


def _is_free(path: Sequence[str]) -> bool:
    path = below_steps(path)
    return len(path) > 1 and path[0] == "job" and path[1] in FREE


def _named(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _name_at(words: Sequence[Any], at: int, path: tuple[str, ...]) -> str:
    """Return the name of a word in a list: the flag before it, in an argv, or else that of the list."""
    if len(below_steps(path)) == 2 and _is_free(path):
        before = words[at - 1] if at else ""
        return str(before) if isinstance(before, str) and before.startswith("-") and "=" not in before else ""
    return path[-1] if path else ""
