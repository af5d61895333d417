"""A model of a table with mixed columns: numbers, words, texts, missing cells."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TABLE = pd.DataFrame(
    {
        "age": [21.0, 35.0, np.nan, 48.0, 52.0, 60.0] * 5,
        "sex": ["m", "f", "m", None, "f", "m"] * 5,
        "zip": ["01234", "98765", "01234", "55555", "98765", "55555"] * 5,
        "children": [0, 1, 2, 3, 4, 5] * 5,
        "note": ["good day", "bad day", "so so", "good", "bad", "so long"] * 5,
    }
)
TARGET = [0, 1, 0, 1, 0, 1] * 5
MIXED = make_pipeline(
    ColumnTransformer(
        [
            ("number", make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
            ("word", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["sex"]),
            ("zip", OneHotEncoder(), ["zip"]),
            ("scaled", StandardScaler(), ["children"]),
            ("text", TfidfVectorizer(), "note"),
        ]
    ),
    LogisticRegression(),
).fit(TABLE, TARGET)
