"""Tests of how a pipeline is planned."""
