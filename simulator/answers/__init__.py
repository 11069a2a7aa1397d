"""Who answers which requests: one family of requests per module."""
