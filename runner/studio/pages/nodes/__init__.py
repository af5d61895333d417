"""The nodes of clusters. They are contacted only when the user asks for it."""
