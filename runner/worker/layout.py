"""Paths of the worker's own folders, and the names in a run's folder, for the worker and the controller."""

import os

WORKER = os.path.dirname(os.path.abspath(__file__))
BOOTSTRAP = os.path.join(WORKER, "importlib_bootstrap.py")
SHIMS, ARGV, BEFORE_PIP = (os.path.join(WORKER, name) for name in ("shims", "argv", "before_pip"))

# In a run's folder:
ORDER = "order.json"  # the worker's order
SECRETS = "secrets.json"  # what records may not have of the order, until the worker has read it
PROCESS = "process.json"  # pids, while the worker lives
RESULT = "result.json"  # the worker's answer
INSPECTION = "inspection.json"
CANCEL = "cancel.json"  # its presence asks for the end of the run
METRICS = "metrics.jsonl"
PROPERTIES = "properties.jsonl"  # tags and properties the script set
RESOURCES = "resources.jsonl"  # processor and memory, sampled while the script runs
LOGS = "logs"
RUN_LOG = LOGS + "/run.log"  # what the script printed
WORKER_LOG = LOGS + "/worker.log"
WORK = "work"  # the run's own writable copy of the snapshot: the script's cwd
OUTPUTS = "outputs"
WORK_OUTPUTS = WORK + "/" + OUTPUTS  # the script's files; moved to `outputs` when it has ended
WORK_LOGS = WORK + "/" + LOGS
INPUTS = "inputs"
REQUESTS = "requests"  # Run.register_model, answered while the script waits
CHILDREN = "children"  # folders of child runs, with some of these files
CHILD = "child.json"  # a child run's record
MLFLOW = "mlflow"  # what the script tracked with MLflow
PACKAGES = "packages"  # what the script installed with pip
CONTROLLER_LOCK = ".lock"
WORKER_LOCK = "worker.lock"
ATTENDANT_LOCK = (
    "attendant.lock"  # held by the process that waits for a worker elsewhere; has its pid if it takes signals
)

GROWING = (RUN_LOG, METRICS, PROPERTIES, RESOURCES, WORKER_LOG)  # written to while the script runs
REQUEST, ANSWER = ".json", ".answer.json"  # suffixes in the folder of requests
