"""The benchmarks: what each asks, how it is scored, and where its items come from."""
