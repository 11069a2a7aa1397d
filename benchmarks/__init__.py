"""Benchmarks: one file a benchmark, run by `python -m tapewire.benchmarks NAME`."""
