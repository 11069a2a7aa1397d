"""Times as people write them."""

from datetime import UTC, datetime


def time_ns(text: str) -> int:
    """ISO text to UTC nanoseconds; a text without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000
