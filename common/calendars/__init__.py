"""When exchanges are open: sessions from a library or from hours of one's own, as plain times."""
