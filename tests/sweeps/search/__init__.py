"""Tests of searches and objectives."""
