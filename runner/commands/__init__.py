"""The commands of ``vivero``, one module each, imported on demand."""
