"""Pytest plugins that make this suite hermetic, tidy, parallel and bounded. `tests/conftest.py` loads them."""
