"""Models: what is asked for, where its files are, what it is, and loading it."""
