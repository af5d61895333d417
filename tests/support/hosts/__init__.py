"""Connections to hosts: a real sshd, and an agent on this machine."""
