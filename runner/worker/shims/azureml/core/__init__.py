"""The stand-in for ``azureml.core``. A name that it lacks raises an error that says so."""

from azureml.core.dataset import Dataset
from azureml.core.datastore import Datastore
from azureml.core.experiment import Experiment
from azureml.core.model import Model
from azureml.core.run import OfflineRun, Run
from azureml.core.workspace import Workspace

VERSION = "1.61.0"  # the argument names are those of this version
__all__ = ["Dataset", "Datastore", "Experiment", "Model", "OfflineRun", "Run", "Workspace"]

# Names of azureml-core 1.61 that a run does not need: they configure what the composition contains.
_ELSEWHERE = frozenset(
    ("ComputeTarget", "Container", "ContainerRegistry", "Environment", "Image", "Keyvault", "LinkedService",
     "PrivateEndPoint", "PrivateEndPointConfig", "RunConfiguration", "ScriptRun", "ScriptRunConfig", "Webservice",
     "DatabricksCluster")
)  # fmt: skip


def __getattr__(name: str) -> object:
    message = "azureml.core.{} is not available in a run: what it configures on Azure is YAML configuration here"
    if name in _ELSEWHERE:  # `from azureml.core import ...` would drop the message of an AttributeError
        raise ImportError(message.format(name))
    raise AttributeError(message.format(name))
