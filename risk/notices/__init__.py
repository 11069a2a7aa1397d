"""Notices: what a person is told by Discord, Telegram, mail and the like."""
