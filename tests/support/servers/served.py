"""The lock for an endpoint's container, and the container's state."""

import json
from typing import Any

from runner.environments.requirements.packages import installed_packages

_NEEDED = ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "narwhals")
_HERE = installed_packages()
LOCK = "".join(f"{name}=={_HERE[name]}\n" for name in _NEEDED if name in _HERE)
PINS = [line for line in LOCK.splitlines() if line]


def state_of(container: Any) -> Any:
    """Return the engine's current state of a container."""
    container.reload()
    return json.loads(json.dumps(container.attrs["State"]))
