"""File name endings of databases that MLflow may record in."""

DATABASES = (".db", ".sqlite", ".sqlite3")
