"""Benchmarks: what each asks, where its items come from, and how answers are scored."""
