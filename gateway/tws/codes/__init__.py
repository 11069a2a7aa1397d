"""TWS's error codes: what each means, what the gateway does about it, what a person can do."""
