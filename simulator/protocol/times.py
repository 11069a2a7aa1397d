"""Dates and times as TWS writes and reads them."""

import re
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tapewire.simulator.protocol.requests import BadRequest, Fields

NS_PER_S = 1_000_000_000
NO_TIME = 337
NO_HISTORY_TIME = 10314
FORMAT = (
    "The date, time, or time-zone entered is invalid. "
    "The correct format is yyyymmdd hh:mm:ss xxx, e.g. 20031126 15:59:00 EST"
)
_TIME = re.compile(r"(\d{8})(?:(?P<utc>-)| +|$)(\d{1,2}:\d\d:\d\d)?(?: +(\S+))?")
END_OF_DAY = time(23, 59, 59)


def moment(fields: Fields, code: int = NO_TIME) -> int | None:
    """A field with a date and a time in UTC nanoseconds; None where it is empty.

    `yyyymmdd hh:mm:ss ZONE`; without a zone, and with a hyphen for the blank, the time is UTC, the
    zone of this TWS. A date alone is the end of that day. Raises BadRequest with `code`.
    """
    text = fields.text().strip()
    return parsed(text, fields.req_id, code) if text else None


def parsed(text: str, req_id: int, code: int = NO_TIME) -> int:
    """`text` in UTC nanoseconds."""
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        date, clock, zone = found[1], found[3], found[4]
        day = datetime.strptime(date, "%Y%m%d").date()
        at = datetime.strptime(clock, "%H:%M:%S").time() if clock else END_OF_DAY
        where = ZoneInfo(zone) if zone else UTC
        return int(datetime.combine(day, at, where).timestamp()) * NS_PER_S
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise BadRequest(req_id, code, FORMAT) from error
