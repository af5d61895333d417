"""The product of estimators, labels, forms of rows and wrappers, and the requests to each case."""
