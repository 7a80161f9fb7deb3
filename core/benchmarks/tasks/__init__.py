"""The benchmarks that everyone uses: what each asks, how it is rendered, and how it is scored."""
