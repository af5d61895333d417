"""Who may read a workspace, who is believed, and what is kept secret."""
