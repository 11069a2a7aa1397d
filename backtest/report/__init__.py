"""What a back-test reports: results, equity, charts, tables."""
