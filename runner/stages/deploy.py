"""Deploy: serves the version just registered and checks that it answers."""

from __future__ import annotations

from runner.execution.context import RunContext
from runner.records import DeployRecord, RunRecord


def deploy(context: RunContext, record: RunRecord) -> DeployRecord | None:
    """Start the endpoint with the run's model, or switch the endpoint to it.

    Raises
    ------
    UserError
        If the endpoint does not serve the model.
    """
    settings, registered = context.spec.endpoint, record.register
    if settings is None or registered is None:
        return None
    done = context.deploy(f"{registered.model}:{registered.version}", settings)
    for which, key in done.keys.items():
        context.say(f"{which} key (shown once): {key}")
    return DeployRecord(endpoint=done.endpoint, address=done.address, models=tuple(done.models))
