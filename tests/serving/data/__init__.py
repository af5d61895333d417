"""Tests of rows, files and schemas."""
