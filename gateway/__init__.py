"""The one TWS connection: market data out, orders in, and the facts about both."""
