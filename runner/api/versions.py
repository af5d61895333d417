"""What models and data assets, and their versions, have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.runs.run import Run
    from runner.api.workspace import Workspace
    from runner.store.versions import VersionStore


class Versioned:
    """A name with numbered versions and aliases. A subclass has the store that holds them."""

    _store: VersionStore[Any]
    _name: str

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    def version_numbers(self) -> list[int]:
        """Return the numbers of the versions, ascending."""
        return self._store.versions(self._name)

    @property
    def aliases(self) -> dict[str, int]:
        """The version that each alias points to."""
        return self._store.aliases(self._name)

    def alias_history(self) -> list[dict[str, Any]]:
        """Return every change of an alias, oldest first: time, alias, version, which is None if it was removed."""
        return self._store.alias_history(self._name)

    def aliases_at(self, moment: str) -> dict[str, int]:
        """Return the version that each alias pointed to at a time in ISO 8601."""
        return self._store.aliases(self._name, at=moment)

    def drop_alias(self, alias: str) -> None:
        """Remove an alias.

        Raises
        ------
        UserError
            If it does not exist.
        """
        self._store.set_alias(self._name, alias, None)

    def verify(self, number: int) -> list[str]:
        """Return what is wrong with a version, whose record may be unreadable: nothing if each file has its hash."""
        try:
            return self._store.verify(self._name, number)
        except UserError as error:
            return [str(error)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"


S = TypeVar("S", bound="StoredVersion")


class StoredVersion:
    """A numbered version with aliases and tags. A subclass has its record, and the store that holds it."""

    _workspace: Workspace
    _record: Any
    _store: VersionStore[Any]

    @property
    def name(self) -> str:
        """The name of the model or data asset."""
        name: str = self._record.name
        return name

    @property
    def version(self) -> int:
        """The number of the version."""
        version: int = self._record.version
        return version

    @property
    def reference(self) -> str:
        """The reference, such as ``NAME:3``."""
        return f"{self.name}:{self.version}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return dict(self._record.tags)

    @property
    def aliases(self) -> list[str]:
        """The aliases that point to it, sorted."""
        aliases = self._store.aliases(self.name)
        return sorted(alias for alias, version in aliases.items() if version == self.version)

    @property
    def run(self) -> Run | None:
        """The run that made it, None if there is none or it was deleted."""
        if self._record.run is None:
            return None
        try:
            return self._workspace.run(self._record.run).refresh()
        except UserError:
            return None

    def set_alias(self, alias: str) -> None:
        """Move an alias to this version.

        Raises
        ------
        UserError
            If the word is reserved or is not a name.
        """
        self._store.set_alias(self.name, alias, self.version)

    def drop_alias(self, alias: str) -> None:
        """Remove an alias that points to this version.

        Raises
        ------
        UserError
            If it points to another version, or does not exist.
        """
        if alias not in self.aliases:
            raise UserError(f"{self.reference} does not have the alias '{alias}'")
        self._store.set_alias(self.name, alias, None)

    def tag(self: S, key: str, value: str | None) -> S:
        """Set a tag, or remove it with None."""
        return self.set_tags({key: value})

    def set_tags(self: S, tags: Mapping[str, str | None]) -> S:
        """Set tags in one go, and remove those that are None."""
        from runner.io.names import check_tag

        checked = {check_tag(key): None if value is None else str(value) for key, value in tags.items()}
        self._record = self._store.set_tags(self.name, self.version, checked)
        return self

    def verify(self) -> list[str]:
        """Return what is wrong with its files: nothing if each has its recorded hash."""
        return self._store.verify(self.name, self.version)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.reference}>"
