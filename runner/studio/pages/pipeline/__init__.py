"""One pipeline: its steps as a graph and as a tree, kept up to date while it runs."""
