"""One run: its facts, curves and charts, log, files, environment and child runs."""
