"""Building, fitting, cross-validating and scoring a model."""
