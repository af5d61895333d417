"""The code that tests with clusters and containers prove; a test's own module counts without being named."""

CLUSTERS = ["conf/**/*.yaml", "runner/**/*.py", "tests/support/nodes/*.py", "tests/contracts/cluster_contract.py"]
CONTAINERS = ["conf/**/*.yaml", "runner/**/*.py", "tests/fixtures/engine.py", "tests/support/engine.py"]
SERVED_CONTAINERS = [*CONTAINERS, "serving/**/*.py", "tests/contracts/servers_contract.py"]
