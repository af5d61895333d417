"""The training program: build, load, split, cross-validate, fit, evaluate. Python 3.9 and scikit-learn 1.0 or later."""
