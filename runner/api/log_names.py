"""The names by which `Run.logs` and `Endpoint.logs` list their logs."""

from runner.layout import EndpointLayout, RunLayout

RUN_LOG = RunLayout.log.name  # what the script printed
ENVIRONMENT_LOG = RunLayout.environment_log.name  # how its environment was built
WORKER_LOG = RunLayout.worker_log.name
SERVER_LOG = EndpointLayout.log.name
