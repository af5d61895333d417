"""``azureml.core.workspace.Workspace``: the folder everything is kept in."""

import os

from azureml.core._place import run_folder


class Workspace:
    """The workspace a run is in."""

    def __init__(self, *args, **kwargs):
        folder = run_folder()
        self.path = os.path.abspath(os.path.join(folder, "..", "..", "..")) if folder else os.getcwd()
        self.name = os.path.basename(self.path)

    @classmethod
    def from_config(cls, *args, **kwargs):
        """Return the run's workspace."""
        return cls()

    @classmethod
    def get(cls, *args, **kwargs):
        """Return the run's workspace."""
        return cls()

    def __getattr__(self, name):
        raise AttributeError("Workspace.{} is not available in a run; it has name and path".format(name))
