"""Tests of the sweep controller."""
