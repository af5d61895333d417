"""Tests of what a run is executed with."""
