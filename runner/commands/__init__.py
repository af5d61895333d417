"""The commands of ``vivero``: one module each, imported only when it is typed."""
