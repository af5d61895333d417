"""Tests of trials' compositions."""
