"""One model: its versions and their lineage."""
