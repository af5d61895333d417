"""Tests of early stopping."""
