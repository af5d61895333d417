"""Reads YAML within limits of size, depth and number of values, with aliases counted each time they are used.

The limits are checked on libyaml's events, before any value is created. A file of a few lines that expands to a
million values is refused in milliseconds.
"""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.errors import UserError

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
MOST_DEPTH = 50
MOST_DIGITS = 1000
TARGET = "_target_"
TARGETED = ("estimator", "preprocessing", "train")  # sections in which it names a class of an allowed package

_NUMBER = re.compile(r"[-+]?[0-9.][-+0-9_.:xXa-fA-F]*")


def read_text(path: Path, max_bytes: int = MOST_BYTES) -> str:
    """Return the text of a file that a user named.

    Raises
    ------
    UserError
        If it is not a text file, or has more than `max_bytes` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # opening a pipe would block
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UserError(f"{path} is not a file")
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(max_bytes + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
    if len(content) > max_bytes:
        raise UserError(f"{path} has more than {max_bytes / 1e6:g} MB, which is the limit")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start})", "Save it as UTF-8") from None


def check(text: str, name: str, *, targets: bool = True) -> None:
    """Check that a YAML text stays within the limits.

    Parameters
    ----------
    text : str
        Syntax errors are left to the loader.
    name : str
        Its name for messages.
    targets : bool
        Whether ``_target_``, by which Hydra names a class, is allowed as a key.

    Raises
    ------
    UserError
        Naming the limit.
    """
    import yaml

    if len(text) > MOST_BYTES:
        raise UserError(f"{name} has more than {MOST_BYTES / 1e6:g} MB, which is the limit")
    for loader in dict.fromkeys((_base(), yaml.SafeLoader)):
        try:
            _Counter(name, targets).count(yaml.parse(text, Loader=loader))
            return
        except (yaml.YAMLError, ValueError):
            continue  # what one parser refuses, the other may accept, with the same limits


def load(text: str, name: str) -> Any:
    """Return the plain data of a YAML text within the limits.

    Raises
    ------
    UserError
        If it exceeds them.
    yaml.YAMLError
        If it is not YAML.
    """
    import yaml

    check(text, name)
    return _built(functools.partial(yaml.load, text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), name)


def load_config(text: str, name: str, *, targets: bool = False) -> Any:
    """Load a text as OmegaConf does, with libyaml if available, which is ten times as fast.

    Parameters
    ----------
    targets : bool
        Whether ``_target_`` is allowed everywhere. It always is below the sections that describe estimators.

    Raises
    ------
    UserError
        If it exceeds the limits or contains ``_target_``.
    yaml.YAMLError
        If it is not YAML, in OmegaConf's own words.
    """
    import yaml
    from omegaconf import OmegaConf

    check(text, name, targets=targets)
    try:
        plain = _built(lambda: yaml.load(text, Loader=_config_loader()), name)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError:
        return OmegaConf.load(_Named(text, name))  # type: ignore[arg-type]
    if plain is not None and not isinstance(plain, dict | list | str):
        raise UserError(f"{name} has no keys", "Settings are written as KEY: VALUE")
    return OmegaConf.create() if plain is None else OmegaConf.create(plain)


def _built(build: Any, name: str) -> Any:
    try:
        return build()
    except (ValueError, OverflowError, TypeError) as error:  # for an impossible date
        raise UserError(f"{name}: {error}") from None
    except (KeyError, AttributeError):  # for !!bool and !!timestamp before other values
        raise UserError(f"{name}: a value does not match its YAML tag", "Remove the !! tag") from None


class _Named:
    """A text that is read as a file, with a name for messages."""

    def __init__(self, text: str, name: str) -> None:
        import io

        self.name, self.read = name, io.StringIO(text).read


@functools.cache
def _base() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.cache
def _config_loader() -> Any:
    """Return libyaml's loader with OmegaConf's differences from YAML: floats, dates, duplicate keys."""
    from omegaconf._utils import get_yaml_loader

    theirs = get_yaml_loader()

    class Loader(_base()):  # type: ignore[misc]
        yaml_implicit_resolvers = theirs.yaml_implicit_resolvers
        yaml_constructors = theirs.yaml_constructors

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            import yaml

            seen = set()
            for key, _ in node.value:
                if key.tag == "tag:yaml.org,2002:str" and key.value in seen:
                    place = (node.start_mark, f"found duplicate key {key.value}", key.start_mark)
                    raise yaml.constructor.ConstructorError("while constructing a mapping", *place)
                seen.add(key.value if key.tag == "tag:yaml.org,2002:str" else None)
            return super().construct_mapping(node, deep=deep)

    return Loader


class _Open:
    """A list or mapping that is still open."""

    def __init__(self, anchor: str | None, mapping: bool) -> None:
        self.anchor, self.mapping, self.values, self.children = anchor, mapping, 1, 0


class _Counter:
    """Counts the values that a text's events expand to."""

    def __init__(self, name: str, targets: bool) -> None:
        self._name, self._targets = name, targets
        self._open: list[_Open] = []
        self._anchored: dict[str, int] = {}
        self._targeting: set[str] = set()  # anchors on the text `_target_`
        self._section = ""  # the last key of the outermost mapping

    def count(self, events: Iterator[Any]) -> None:
        from yaml import events as kinds

        for event in events:
            if isinstance(event, kinds.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, kinds.AliasEvent):
                self._alias(event)
            elif isinstance(event, kinds.CollectionStartEvent):
                self._open.append(_Open(event.anchor, isinstance(event, kinds.MappingStartEvent)))
                if event.anchor is not None:
                    self._anchored.pop(event.anchor, None)
                if len(self._open) > MOST_DEPTH:
                    raise UserError(f"{self._position(event)} is nested more than {MOST_DEPTH} levels deep")
            elif isinstance(event, kinds.CollectionEndEvent):
                ended = self._open.pop()
                self._add(ended.values, ended.anchor, event)

    def _scalar(self, event: Any) -> None:
        if len(self._open) == 1 and self._is_key():
            self._section = event.value
        if event.value == TARGET:
            if event.anchor is not None:
                self._targeting.add(event.anchor)
            self._key(event)
        if len(event.value) > MOST_DIGITS and self._is_number(event):
            raise UserError(
                f"{self._position(event)} has a number of {len(event.value)} digits", f"The limit is {MOST_DIGITS}"
            )
        self._add(1, event.anchor, event)

    def _is_number(self, event: Any) -> bool:
        plain = event.implicit[0] or str(event.tag).endswith((":int", ":float"))
        return plain and _NUMBER.fullmatch(event.value) is not None

    def _alias(self, event: Any) -> None:
        if any(ancestor.anchor == event.anchor for ancestor in self._open) and event.anchor not in self._anchored:
            raise UserError(f"{self._position(event)}: *{event.anchor} refers to a node that contains it")
        if event.anchor in self._targeting:
            self._key(event)
        self._add(self._anchored.get(event.anchor, 1), None, event)

    def _key(self, event: Any) -> None:
        """Refuse ``_target_`` as a key where no class belongs."""
        allowed = self._targets or (len(self._open) > 1 and self._section in TARGETED)
        if not allowed and self._is_key():
            raise UserError(f"{self._position(event)}: {TARGET} is not allowed: a configuration cannot name classes")

    def _is_key(self) -> bool:
        return bool(self._open) and self._open[-1].mapping and self._open[-1].children % 2 == 0

    def _add(self, values: int, anchor: str | None, event: Any) -> None:
        if anchor is not None:
            self._anchored[anchor] = values
        if self._open:
            self._open[-1].values += values
            self._open[-1].children += 1
            values = self._open[-1].values
        if values > MOST_VALUES:
            what = "values, counting what each alias expands to"
            raise UserError(f"{self._position(event)}: more than {MOST_VALUES:,} {what}")

    def _position(self, event: Any) -> str:
        return f"{self._name}, line {event.start_mark.line + 1}"
