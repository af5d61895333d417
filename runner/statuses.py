"""The statuses of a run, in their order. Lists need these, and not the records, which take long to import."""

QUEUED, PREPARING, SCALING, RUNNING, FINALIZING = "queued", "preparing", "scaling", "running", "finalizing"
COMPLETED, FAILED, CANCELED = "completed", "failed", "canceled"
STATUSES = (QUEUED, PREPARING, SCALING, RUNNING, FINALIZING, COMPLETED, FAILED, CANCELED)
TERMINAL = (COMPLETED, FAILED, CANCELED)
