"""Models by name and version: loaded once, asked together, tested before they are served."""
