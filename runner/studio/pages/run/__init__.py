"""The page of one run: what it was, its curves and charts, log, files, environment and children."""
