"""Machines that do what is asked through an agent, however it is reached."""
