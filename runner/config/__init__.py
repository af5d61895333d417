"""Configuration: composition, schema, limits and error messages."""
