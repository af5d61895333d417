"""Charts as small scripts that need nothing else, and their data: of the studio's pages, ``sweep.html`` and reports."""
