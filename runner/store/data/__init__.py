"""Data assets with numbered versions, content stored once by its hash, and descriptions of tables."""
