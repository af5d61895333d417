"""``vivero studio``: the pages that show workspaces in a browser. They read and act through `runner.api` alone."""
