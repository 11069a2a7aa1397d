"""Notices: what is sent to people by Discord, Telegram, mail and the like."""
