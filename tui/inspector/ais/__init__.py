"""The tab AIS: abilities by benchmarks, one cell in full, and the links."""
