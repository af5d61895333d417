"""Found before the real pip, which then replaces it; see the worker's ``run/pip_install.py``."""

import importlib.util
import os

_before = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_file = os.path.join(os.path.dirname(_before), "run", "pip_install.py")
_spec = importlib.util.spec_from_file_location("_vivero_installing", _file)
_installing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_installing)
_installing.import_pip(_before)
