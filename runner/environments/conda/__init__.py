"""Environments from conda packages, without a conda installation."""
