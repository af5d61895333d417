"""The source folder of declared trainings: a program that needs only scikit-learn, and pandas for tables."""
