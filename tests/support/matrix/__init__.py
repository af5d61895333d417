"""The product of every estimator, labels, what it is fitted on and what wraps it, and how a case of it is asked."""
