"""Deploy: the version just registered is served, and answers."""

from __future__ import annotations

from runner.execution.context import RunContext
from runner.records import DeployRecord, RunRecord


def deploy(context: RunContext, record: RunRecord) -> DeployRecord | None:
    """Start the endpoint of the composition with the run's model, or let it go over to it.

    Raises
    ------
    UserError
        If it does not come to serve the model.
    """
    settings, registered = context.spec.endpoint, record.register
    if settings is None or registered is None:
        return None
    done = context.deploy(f"{registered.model}:{registered.version}", settings)
    for which, key in done.keys.items():
        context.say(f"{which} key (shown once): {key}")
    return DeployRecord(endpoint=done.endpoint, address=done.address, models=tuple(done.models))
