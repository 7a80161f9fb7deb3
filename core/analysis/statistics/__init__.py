"""Scores, Ability Impact Scores, their intervals and tests. Numbers in, numbers out."""
