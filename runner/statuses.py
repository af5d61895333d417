"""The statuses of a run, in order. In a module of their own, because the records are slow to import."""

QUEUED, PREPARING, SCALING, RUNNING, FINALIZING = "queued", "preparing", "scaling", "running", "finalizing"
COMPLETED, FAILED, CANCELED = "completed", "failed", "canceled"
STATUSES = (QUEUED, PREPARING, SCALING, RUNNING, FINALIZING, COMPLETED, FAILED, CANCELED)
TERMINAL = (COMPLETED, FAILED, CANCELED)
