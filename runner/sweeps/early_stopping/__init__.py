"""Policies that stop trials early."""
