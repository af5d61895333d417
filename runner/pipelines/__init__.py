"""Pipelines: runs whose steps pass their outputs to later steps. The result of an unchanged step is reused."""
