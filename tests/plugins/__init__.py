"""What makes this suite hermetic, tidy, parallel and bounded: pytest plugins, loaded by `tests/conftest.py`."""
