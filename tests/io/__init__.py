"""Tests of files and records."""
