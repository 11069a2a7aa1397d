"""Figures, goals, tables and charts of benchmarks."""
