"""What the pages of a model and of a data asset share: both have versions, aliases, tags and a lineage."""
