"""One sweep: its charts, live, and its trials."""
