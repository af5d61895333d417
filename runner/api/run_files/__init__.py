"""The files of a run: outputs, logs, pictures, and copies of them."""
