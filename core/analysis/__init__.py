"""What results mean: statistics, diagnosis, tables. Reads the cache; no torch."""
