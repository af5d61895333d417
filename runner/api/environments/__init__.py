"""The environments of a workspace, and what needs them."""
