"""The rows of the benchmarks: from one's own folder, or from the hub."""
