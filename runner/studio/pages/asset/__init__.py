"""A data asset and one of its versions: columns, first rows, differences and lineage."""
