"""Benchmarks: one file a benchmark, run by `python -m benchmarks NAME`."""
