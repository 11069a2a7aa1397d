"""What of the journals still matters, so that a start need not read all of them."""
