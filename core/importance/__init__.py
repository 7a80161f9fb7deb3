"""Scores every candidate weight by gradient times weight, and plans the memory of it."""
