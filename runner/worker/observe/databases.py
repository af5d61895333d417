"""File extensions of databases that MLflow may use."""

DATABASES = (".db", ".sqlite", ".sqlite3")
