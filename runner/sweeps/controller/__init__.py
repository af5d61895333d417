"""Conducts a sweep: plans its trials, keeps the slots full, resumes, registers the winner."""
