"""A step that runs its script over pieces of an input. Its run is a small pipeline whose steps are the pieces."""
