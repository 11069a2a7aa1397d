"""A TWS that ships with the project: wire protocol, exchange and market data."""
