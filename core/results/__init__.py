"""Reads what the cache has and says what it means. No torch: the screen's own process works with it."""
