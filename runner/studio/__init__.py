"""``vivero studio``: pages that show workspaces in a browser. They use only `runner.api`."""
