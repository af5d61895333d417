"""What a user is told about a configuration: mistakes in one line, and the help."""
