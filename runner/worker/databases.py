"""File name endings: of models, and of databases that MLflow may record in."""

MODELS = (".joblib", ".pkl", ".pickle", ".skops")
DATABASES = (".db", ".sqlite", ".sqlite3")
