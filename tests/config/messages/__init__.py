"""Tests of what is said of mistakes."""
