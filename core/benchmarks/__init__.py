"""The benchmarks: what each asks, how it is scored, and where its items come from."""

from core.benchmarks.description import Benchmark
from core.benchmarks.options import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks

__all__ = ["Benchmark", "BenchmarkOptions", "find_benchmarks"]
