"""The topics of scans: `scan.` and what is ranked, so that all readers of one share it.

    scan.TOP_PERC_GAIN@STK.US.MAJOR:STK              the first 50 contracts
    scan.TOP_PERC_GAIN@STK.US.MAJOR:STK?rows=10&price_min=5

What is not said is as in `Scan`. There is one way to write each scan: its terms in the order of the
fields, those that are as they would be anyway left out, numbers without zeros that say nothing.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

from tapewire.common.amounts import text
from tapewire.common.events.scans import Scan

KIND: Final = "scan"
PREFIX: Final = f"{KIND}."
TERMS: Final = ("rows", "price_min", "price_max", "volume_min", "cap_min", "cap_max")


def topic_of(scan: Scan) -> str:
    """The topic of a scan."""
    usual = Scan(scan.code)
    said = {name: getattr(scan, name) for name in TERMS}
    terms = "&".join(
        f"{name}={_digits(value)}" for name, value in said.items() if value != getattr(usual, name)
    )
    return f"{PREFIX}{scan.code}@{scan.location}:{scan.instrument}{'?' if terms else ''}{terms}"


def scan_of(name: str) -> Scan:
    """The scan that the name behind `scan.` is of; ValueError for what is none, or is written in
    another way."""
    where, _, terms = name.partition("?")
    code, _, rest = where.partition("@")
    location, _, instrument = rest.partition(":")
    values: dict[str, Any] = {"code": code, "location": location, "instrument": instrument}
    for term in filter(None, terms.split("&")):
        key, _, value = term.partition("=")
        if key not in TERMS:
            raise ValueError(
                f"{key!r:.40} is not a term of a scan; it must be of {', '.join(TERMS)}"
            )
        values[key] = float(value) if "." in value else int(value)
    given = [values.get(field, getattr(Scan("-"), field)) for field in Scan.__struct_fields__]
    try:
        scan = msgspec.convert(given, Scan)
    except msgspec.ValidationError as error:
        raise ValueError(f"scan.{name:.100} is not a scan: {error}") from error
    if topic_of(scan) != f"{PREFIX}{name}":
        raise ValueError(f"a scan is written as {topic_of(scan)}, not as {PREFIX}{name:.100}")
    return scan


def _digits(value: float) -> str:
    return text(Decimal(repr(value)))
