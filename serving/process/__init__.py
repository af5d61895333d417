"""The processes of a server: parent, workers, containers and their output."""
