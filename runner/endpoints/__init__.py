"""Endpoints: their records as files, and their servers, which are started and stopped here."""
