"""How databases are named that MLflow may have been told to record in."""

DATABASES = (".db", ".sqlite", ".sqlite3")
