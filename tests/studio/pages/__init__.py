"""Each page's own behaviour."""
