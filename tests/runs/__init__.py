"""Tests of whole runs, on good days and bad ones."""
