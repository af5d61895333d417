"""What runs beside user code and on nodes: standard library only, Python 3.6 or later.

``importlib_bootstrap.py`` starts its programs. In their processes, this package is named ``_vivero_worker``.
"""
