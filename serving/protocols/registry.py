"""The protocols that the server speaks."""

from __future__ import annotations

from serving.errors import AS_OBJECT, ErrorForm
from serving.protocols import azure, mlflow, v1
from serving.protocols.oip import protocol as oip
from serving.protocols.protocol import Protocol

PROTOCOLS: tuple[Protocol, ...] = (azure.PROTOCOL, mlflow.PROTOCOL, v1.PROTOCOL, oip.PROTOCOL)
_FORMS = {protocol.root: protocol.errors for protocol in PROTOCOLS if protocol.root is not None}


def root_of(path: str) -> str:
    """Return the root of an address. Empty if its protocol has none."""
    return next((root for root in _FORMS if path == root or path.startswith(f"{root}/")), "")


def error_form(path: str) -> ErrorForm:
    """Return the form of errors at an address: that of its protocol."""
    return _FORMS.get(root_of(path), AS_OBJECT)
