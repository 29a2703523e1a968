"""Benchmarks of sheetline against hand-written pandas, polars and duckdb: ``python -m benchmarks``."""
