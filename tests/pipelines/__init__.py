"""Tests of pipelines: runs whose steps hand their outputs on."""
