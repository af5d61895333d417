"""Carries out the steps of a pipeline: those that were computed before are not computed again."""
