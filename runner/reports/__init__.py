"""Reports: a run, a sweep, a pipeline or an experiment as one file that needs no network and can be mailed."""
