"""Container images as environments, with a real engine."""
