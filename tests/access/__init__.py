"""Tests of who may do what with a workspace, and what is secret."""
