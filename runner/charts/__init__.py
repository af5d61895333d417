"""Charts of the studio, ``sweep.html`` and reports: scripts without dependencies, and the data that they draw."""
