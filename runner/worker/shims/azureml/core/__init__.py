"""What a training script finds under ``azureml.core``. Names it does not have are errors that say so."""

from azureml.core.dataset import Dataset
from azureml.core.datastore import Datastore
from azureml.core.experiment import Experiment
from azureml.core.model import Model
from azureml.core.run import OfflineRun, Run
from azureml.core.workspace import Workspace

VERSION = "1.61.0"  # whose argument names these are
__all__ = ["Dataset", "Datastore", "Experiment", "Model", "OfflineRun", "Run", "Workspace"]

# What azureml-core 1.61 has under this name and a run has no use for: it configures what stands in the composition.
_ELSEWHERE = frozenset(
    ("ComputeTarget", "Container", "ContainerRegistry", "Environment", "Image", "Keyvault", "LinkedService",
     "PrivateEndPoint", "PrivateEndPointConfig", "RunConfiguration", "ScriptRun", "ScriptRunConfig", "Webservice",
     "DatabricksCluster")
)  # fmt: skip


def __getattr__(name: str) -> object:
    message = "azureml.core.{} is not available in a run: what it configures on Azure is YAML configuration here"
    if name in _ELSEWHERE:  # `from azureml.core import ...` would lose the words of an AttributeError
        raise ImportError(message.format(name))
    raise AttributeError(message.format(name))
