"""Programs that run on a node: the agent of a connection, the keeper, and their handling of run folders."""
