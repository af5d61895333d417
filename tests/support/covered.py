"""The code that tests with clusters, containers and environments prove; their own modules count unnamed."""

CLUSTERS = ["conf/**/*.yaml", "runner/**/*.py", "tests/support/nodes/*.py", "tests/contracts/cluster_contract.py"]
CONTAINERS = ["conf/**/*.yaml", "runner/**/*.py", "tests/fixtures/engine.py", "tests/support/engine.py"]
ENVIRONMENTS = ["conf/environment/*.yaml", "runner/environments/**/*.py", "runner/hosts/**/*.py", "runner/io/*.py"]
CONDA = [*ENVIRONMENTS, "tests/fixtures/channel.py", "tests/support/channels.py"]
SERVED_CONTAINERS = [*CONTAINERS, "serving/**/*.py", "tests/contracts/servers_contract.py"]
