"""Data: named and numbered assets, content stored once by its hash, and tables described."""
