"""The studio in a real browser, beside MLflow's page on SQLite with the same runs."""
