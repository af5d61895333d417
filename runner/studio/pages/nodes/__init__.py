"""The nodes of clusters, asked when the user wants to know."""
