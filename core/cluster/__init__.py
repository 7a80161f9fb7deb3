"""One profile on several machines: its units, their shares, and what goes from cache to cache."""
