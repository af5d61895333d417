"""``azureml.core.workspace.Workspace``: the folder that contains everything."""

import os

from azureml.core._place import workspace_folder
from azureml.core.dataset import everything
from azureml.core.datastore import Datastore
from azureml.core.model import Model


class Workspace:
    """The run's workspace."""

    def __init__(self, *args, **kwargs):
        self.path = workspace_folder() or os.getcwd()
        self.name = os.path.basename(self.path)

    @classmethod
    def from_config(cls, *args, **kwargs):
        """Return the run's workspace."""
        return cls()

    @classmethod
    def get(cls, *args, **kwargs):
        """Return the run's workspace."""
        return cls()

    @property
    def datasets(self):
        """Return the run's data inputs by name."""
        return everything()

    @property
    def models(self):
        """Return the newest version of each registered model by name."""
        return {model.name: model for model in Model.list(self, latest=True)}

    def get_default_datastore(self):
        """Return the target of uploads."""
        return Datastore(self)

    @property
    def datastores(self):
        """Return the target of uploads by name."""
        return {"outputs": self.get_default_datastore()}

    def __getattr__(self, name):
        raise AttributeError("Workspace.{} is not available in a run".format(name))
