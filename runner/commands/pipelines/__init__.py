"""``vivero pipelines`` and ``vivero pipeline``."""
