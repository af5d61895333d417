"""Fast paths to a model's answer. Each is compared bitwise with the plain call when a version is loaded."""
