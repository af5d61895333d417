"""The index over the runs of a workspace: their rows, selected and sorted without reading every record."""
