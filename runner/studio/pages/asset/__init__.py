"""A data asset and one of its versions: columns, first rows, what differs, where it comes from and what came of it."""
