"""``azureml.core.experiment.Experiment``: the name under which runs are grouped."""

from azureml.core.workspace import Workspace


class Experiment:
    """An experiment, by name."""

    def __init__(self, workspace=None, name=None, **kwargs):
        self.workspace, self.name = workspace or Workspace(), name

    def submit(self, config, tags=None, **kwargs):
        """Raise an error: runs are composed in YAML."""
        raise RuntimeError("Runs are started with: python -m runner +experiment={}".format(self.name))
