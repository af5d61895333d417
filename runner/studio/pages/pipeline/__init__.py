"""One pipeline: its steps as a graph, live, and what came of them."""
