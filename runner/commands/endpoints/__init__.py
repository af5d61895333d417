"""The commands about endpoints."""
