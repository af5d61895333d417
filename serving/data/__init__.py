"""From rows and files to what a model takes: its schema, its columns, their cells."""
