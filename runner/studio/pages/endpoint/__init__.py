"""One endpoint: the versions that it serves, its traffic, its log, and a form to try it."""
