"""File extensions of models, and of databases that MLflow may use."""

MODELS = (".joblib", ".pkl", ".pickle", ".skops")
DATABASES = (".db", ".sqlite", ".sqlite3")
