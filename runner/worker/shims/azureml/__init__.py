"""Stand-in for the part of ``azureml.core`` that training scripts use. Other azureml packages stay importable."""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
