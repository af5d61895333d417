"""The connections of a server process: sockets, and limits on their number and on their data."""
