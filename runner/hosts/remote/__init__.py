"""Hosts that are controlled by an agent, over any kind of link."""
