"""One endpoint: what it serves, how it does, and a form to try it."""
