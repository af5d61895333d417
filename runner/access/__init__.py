"""Who may read a workspace, whose files are trusted, and what is kept secret."""
