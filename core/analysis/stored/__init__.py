"""Reads what the cache has, for the screen and the tables. No torch."""
