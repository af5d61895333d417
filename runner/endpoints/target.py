"""The version to deploy, and its effect on the versions that an endpoint already has."""

from __future__ import annotations

import dataclasses

from runner.errors import UserError
from runner.records import Deployment


@dataclasses.dataclass(frozen=True)
class Target:
    """The model to deploy, and its share of the endpoint's traffic.

    Parameters
    ----------
    reference : str
        The version: ``NAME``, ``NAME:3`` or ``NAME@champion``.
    weight : float or None
        Its share of the traffic, 0 to 1. None means all of it.
    mirror : bool
        Whether the version only mirrors the traffic.
    changes_settings : bool
        Whether the user gave settings, which a running endpoint refuses.
    keeps_settings : bool
        Whether to keep the settings that the endpoint already has.

    Raises
    ------
    UserError
        If the weight is not between 0 and 1, or a mirror has a weight.
    """

    reference: str
    weight: float | None = None
    mirror: bool = False
    changes_settings: bool = False
    keeps_settings: bool = False

    def __post_init__(self) -> None:
        """Check the share."""
        if self.weight is None:
            return
        if isinstance(self.weight, bool) or not isinstance(self.weight, int | float) or not 0 <= self.weight <= 1:
            raise UserError(f"weight={str(self.weight)[:20]} is not a share between 0 and 1")
        if self.mirror:
            raise UserError("A mirror answers no requests, so it has no weight", "Leave out the weight or the mirror")

    @property
    def share(self) -> float:
        """Its share of the traffic; without a weight, all of it."""
        return 1.0 if self.weight is None else float(self.weight)


def beside(current: tuple[Deployment, ...], new: Deployment, target: Target) -> tuple[Deployment, ...]:
    """Return an endpoint's deployments with a new one added. Its other models are unchanged.

    A version with all of the traffic replaces the model's other versions, including a mirror. A version with a share
    leaves the rest to the others in proportion to their weights, and keeps the mirror. A mirror replaces the earlier
    mirror.

    Raises
    ------
    UserError
        If no other version of the model would answer the rest of the requests.
    """
    others = tuple(deployment for deployment in current if deployment.name != new.name)
    same = [deployment for deployment in current if deployment.name == new.name and deployment.version != new.version]
    mirrors, rest = (
        [deployment for deployment in same if deployment.mirror],
        [deployment for deployment in same if not deployment.mirror],
    )
    if not target.mirror and target.share == 1:
        return (*others, new)
    total = sum(deployment.weight for deployment in rest)
    if not total:
        what = "would only mirror the traffic" if target.mirror else f"would have a weight of {target.share:g}"
        raise UserError(
            f"No other version of {new.name} would answer requests: {new.name}:{new.version} {what}",
            "Deploy another version first, or leave out --weight and --mirror",
        )
    if target.mirror:
        return (*others, *rest, new)
    kept = [
        dataclasses.replace(deployment, weight=round((1 - target.share) * deployment.weight / total, 6))
        for deployment in rest
    ]
    return (*others, *(deployment for deployment in kept if deployment.weight > 0), *mirrors, new)
