"""What the journals tell: orders, fills, positions, traces."""
