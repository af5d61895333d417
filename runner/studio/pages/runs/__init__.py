"""The list of runs, with search, sorting, groups and actions."""
