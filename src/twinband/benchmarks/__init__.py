"""Benchmarks: one module each with a ``Benchmark``; its module name is the benchmark's name."""
