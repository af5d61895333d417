"""What a training script finds under ``azureml.core``. Names it does not have are errors that say so."""

from azureml.core._offline import OfflineRun
from azureml.core.experiment import Experiment
from azureml.core.model import Model
from azureml.core.run import Run
from azureml.core.workspace import Workspace

__all__ = ["Experiment", "Model", "OfflineRun", "Run", "Workspace"]


def __getattr__(name: str) -> object:
    raise AttributeError(
        "azureml.core.{} is not available in a run; a script has Run, Model, Experiment and Workspace. What it would "
        "configure on Azure stands in the composition here".format(name)
    )
