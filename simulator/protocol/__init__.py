"""TWS's wire protocol, from the server's side."""
