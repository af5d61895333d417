"""Where runs go, one adapter a kind."""
