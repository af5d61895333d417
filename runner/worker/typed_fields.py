"""Records with typed fields, for a Python that has no dataclasses."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, TypeVar, dataclass_transform

    T = TypeVar("T", bound="TypedFields")
else:

    def dataclass_transform(**_options):
        """Do nothing: only type checkers use it."""
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
class TypedFields:
    """A record whose fields are the annotations of its class."""

    if not TYPE_CHECKING:  # a checker of types makes it from the fields

        def __init__(self, **values):
            self.__dict__.update(values)

    def to_json(self) -> "Dict[str, Any]":
        """Return plain mappings, lists and scalars; fields that this release does not know are kept."""
        return dict({name: getattr(self, name) for name in type(self).__annotations__}, **self.__dict__)

    def replace(self: "T", **values: "Any") -> "T":
        """Return a copy with some fields replaced."""
        return type(self)(**dict(self.to_json(), **values))
