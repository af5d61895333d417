"""The run of a script that is started by hand: what it logs is printed."""

import shutil
import tempfile
import uuid
import weakref

from azureml.core.experiment import Experiment
from azureml.core.run import Run


class OfflineRun(Run):
    """Prints metrics instead of keeping them, so that the script works without the tool."""

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="offline-run-")
        super().__init__(Experiment(name="offline"), "OfflineRun_{}".format(uuid.uuid4()), _folder=folder)
        weakref.finalize(self, shutil.rmtree, folder, True)

    def _record(self, name, value, step=None, kind="scalar"):
        super()._record(name, value, step, kind)
        print("Attempted to log {} metric {}:\n{}".format(kind, name, value))

    def register_model(self, model_name, model_path=None, **kwargs):
        """Refuse: there is no registry beside a run."""
        raise RuntimeError("register_model needs a run: start the script with python -m runner")
