"""Workspaces for the pages of the studio, made without running anything."""
