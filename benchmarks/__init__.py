"""Benchmarks: one file per benchmark, run by `python -m tapewire.benchmarks NAME`."""
