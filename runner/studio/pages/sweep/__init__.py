"""One sweep: its charts and trials, kept up to date while it runs."""
