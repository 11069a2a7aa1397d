"""What trading costs in a back-test, as a person writes it: slippage and commissions."""
