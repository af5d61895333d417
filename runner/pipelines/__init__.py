"""Pipelines: runs whose steps hand their outputs on. A step that was computed before is not computed again."""
