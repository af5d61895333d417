"""Tests of what people see of a sweep."""
