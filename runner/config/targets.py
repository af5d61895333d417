"""Which classes a composition may name by ``_target_``: those of estimators, from an allowlist of packages.

The controller never imports them. The run's own environment does, after the same check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from runner.config.limits.yaml_files import TARGET, TARGETED
from runner.config.validation.hydra_settings import has_target
from runner.errors import UserError

PACKAGES = ("sklearn", "xgboost", "lightgbm")  # allowed without `train.allow`
_PLACES = ("estimator", "preprocessing", "train.cross_validation")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_HYDRA = ("_args_", "_partial_", "_recursive_", "_convert_", "_mode_")


def check_targets(plain: Mapping[Any, Any]) -> None:
    """Check that a resolved composition names classes only where an estimator is described, from allowed packages.

    Raises
    ------
    UserError
        Naming the key.
    """
    train = plain.get("train")
    others = {key: value for key, value in plain.items() if key not in TARGETED}
    rest = {key: value for key, value in train.items() if key != "cross_validation"} if _is_mapping(train) else {}
    if has_target(others) or has_target(rest):
        raise UserError(f"{TARGET} is not allowed here: a configuration cannot name classes", "Rename the key")
    allowed = [*PACKAGES, *_allowed(train)]
    for place in _PLACES:
        section, _, key = place.partition(".")
        value = plain.get(section)
        _check(value.get(key) if key and _is_mapping(value) else value if not key else None, place, allowed)


def _allowed(train: Any) -> list[str]:
    given = train.get("allow") if _is_mapping(train) else None
    return [str(name) for name in given] if isinstance(given, list) else []


def _check(value: Any, place: str, allowed: Sequence[str]) -> None:
    if isinstance(value, list):
        for number, item in enumerate(value):
            _check(item, f"{place}[{number}]", allowed)
    if not _is_mapping(value):
        return
    for name in _HYDRA:
        if name in value:
            raise UserError(f"{place}.{name} is not supported", "Give the parameters of the class by name")
    if TARGET in value:
        _check_class(value[TARGET], place, allowed)
    for key, item in value.items():
        _check(item, f"{place}.{key}", allowed)


def _check_class(name: Any, place: str, allowed: Sequence[str]) -> None:
    if not isinstance(name, str) or not _DOTTED.fullmatch(name):
        raise UserError(f"{place}.{TARGET} must be a class such as sklearn.svm.SVC, not {str(name)[:80]!r}")
    package = name.partition(".")[0]
    if package not in allowed:
        raise UserError(
            f"{place}.{TARGET}={name[:80]}: classes of {package[:40]} are not allowed",
            f"Set train.allow=[{package[:40]}]",
        )


def _is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)
