"""Results of a profile in formats that others read. No torch."""
