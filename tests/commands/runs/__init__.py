"""Tests of the commands for runs."""
