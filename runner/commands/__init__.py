"""The reading commands: one file a command, loaded only when it is typed."""
