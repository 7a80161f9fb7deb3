"""Scores, Ability Impact Scores, their intervals and tests. Numbers in, numbers out."""

SIGNIFICANT = 0.05
"""Adjusted p-values below it are significant. Here, because screens need it before NumPy is loaded."""
