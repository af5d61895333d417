"""Actions on an endpoint. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.api import Endpoint
from runner.errors import UserError


def _deploy(endpoint: Endpoint, given: Mapping[str, str]) -> str:
    reference = given.get("reference", "").strip()
    if not reference:
        raise UserError("Choose a version to deploy")
    weight = _weight(given.get("weight", "").strip())
    endpoint.deploy(reference, weight=weight, mirror="mirror" in given)
    share = "" if weight is None else f" with {weight * 100:g} % of the requests"
    return f"{endpoint.name} serves {reference}{' as a mirror' if 'mirror' in given else share}"


def _weight(text: str) -> float | None:
    """Return a share from a text in percent, or None for an empty text."""
    if not text:
        return None
    try:
        percent = float(text)
    except ValueError:
        percent = -1
    if not 0 <= percent <= 100:
        raise UserError(f"'{text[:20]}' is not a share", "Write a number from 0 to 100")
    return percent / 100


def _rollback(endpoint: Endpoint, _given: Mapping[str, str]) -> str:
    endpoint.rollback()
    serves = ", ".join(f"{deployment.name}:{deployment.version}" for deployment in endpoint.deployments)
    return f"{endpoint.name} serves {serves} again"


def _stop(endpoint: Endpoint, _given: Mapping[str, str]) -> str:
    return f"{endpoint.name} was stopped" if endpoint.stop() else f"{endpoint.name} was not running"


ACTIONS: dict[str, Callable[[Endpoint, Mapping[str, str]], str]] = {
    "deploy": _deploy, "rollback": _rollback, "stop": _stop,
}  # fmt: skip
