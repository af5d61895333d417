"""Stand-in for what training scripts use of ``azureml.core``; other installed azureml packages stay importable."""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
