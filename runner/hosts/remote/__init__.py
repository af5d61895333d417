"""Machines that are controlled by an agent, however it is reached."""
