"""Executes a controller's requests on a node, over its standard streams. It is sent as text and is never a file there.

A message is a line of JSON, followed by as many bytes as its ``bytes`` says. Each request has an ``id`` and gets
messages with that ``id``: any number of pieces, and a last one with ``done`` or ``error``. Requests run concurrently.
The agent ends when its input ends, and so do the programs it runs. Programs started with ``spawn`` continue.

These modules import each other and the standard library, and nothing else of the worker, which arrives later.
"""
