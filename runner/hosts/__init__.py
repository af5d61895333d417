"""Host adapters, one per way of connecting."""
