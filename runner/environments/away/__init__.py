"""Environments that are made on another machine by this very program, which goes there first."""
