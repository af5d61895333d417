"""Settings of endpoints."""

import pytest

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.settings import check_settings
from runner.errors import UserError


@pytest.mark.parametrize("cpu", [0.0, float("inf"), float("nan")])
def test_cpu_is_a_finite_number(cpu: float) -> None:
    with pytest.raises(UserError, match="cpu="):
        check_settings(EndpointSettings(kind="docker", cpu=cpu))
