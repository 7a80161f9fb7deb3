"""Measures speed and memory against the plainest way to do the same: `python -m tests.performance`."""
