"""Programs that run on a node: the agent of a connection, the daemon, and their handling of run folders."""
