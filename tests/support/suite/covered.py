"""The code that tests with clusters, containers and environments cover. Their own modules are always included."""

_LIFE = [
    f"runner/{name}.py"
    for name in ("layout", "pipeline", "recovery", "run_context", "run_plan", "session", "wiring", "workspaces")
]
_RECORDS = [
    *_LIFE,
    "runner/ports/*.py",
    "runner/records/*.py",
    "runner/access/**/*.py",
    "runner/execution/**/*.py",
    "runner/io/*.py",
    "runner/stages/*.py",
]
# The program that trains is a script like any other, and has tests of its own.
WORKER = ["runner/worker/**/*.py", "!runner/worker/training/**/*.py"]
_RUN = [*_RECORDS, *WORKER, "runner/environments/**/*.py"]
CLUSTERS = [
    *_RUN,
    "conf/compute/*.yaml",
    "runner/compute/**/*.py",
    "runner/hosts/**/*.py",
    "tests/support/nodes/*.py",
    "tests/contracts/cluster_contract.py",
]
CONTAINERS = [*_RUN, "conf/environment/*.yaml", "tests/fixtures/engine.py", "tests/support/engine.py"]
ENVIRONMENTS = ["conf/environment/*.yaml", "runner/environments/**/*.py", "runner/hosts/**/*.py", "runner/io/*.py"]
SETTINGS = ["conf/**/*", "runner/config/**/*.py"]
CONDA = [*ENVIRONMENTS, "tests/fixtures/channel.py", "tests/support/channels.py"]
SERVED_CONTAINERS = [
    "conf/endpoint/*.yaml",
    "runner/endpoints/**/*.py",
    "runner/environments/docker/*.py",
    "runner/store/*.py",
    "serving/**/*.py",
    "tests/fixtures/engine.py",
    "tests/support/engine.py",
    "tests/contracts/servers_contract.py",
]
