"""What runs on a node: the agent of a connection, the keeper, and what they do with the folders of runs."""
