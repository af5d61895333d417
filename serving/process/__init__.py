"""The processes of a server: the parent, its workers, containers, and what they print."""
