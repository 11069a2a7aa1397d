"""The fields of a TWS message, read as ibapi reads them and in a third of the time.

ibapi's decoder knows which fields a message has in which version of TWS, and takes each through one
function, `ibapi.utils.decode`: 175 calls per order. That function is general. It looks at the type
of each field, and offers each to a logger, which finds out each time that nobody wants it. Most of
the time that the gateway spent on an order was spent there.

So `decode` here stands in its place, in the two modules that call it. It gives what ibapi's gives
for every field (a test holds them against each other): what is common is read here, and the rest is
left to ibapi's own. Fields come as text, which ibapi takes as well as bytes, and which is read
faster. Beyond ASCII it is not left to chance whether both mean the same to it, so bytes stay bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import ibapi.decoder
import ibapi.orderdecoder
from ibapi.common import UNSET_DOUBLE, UNSET_INTEGER
from ibapi.utils import decode as of_ibapi

END: Final = b"\0"
INT_MAX: Final = 2**63 - 1
ABSENT: Final = float("0")
"""The 0 that is read of an empty field, and of no other: ask with `is`."""
EMPTY: Final[Mapping[type, float]] = {float: ABSENT, int: 0}
UNSET: Final[Mapping[type, float]] = {float: UNSET_DOUBLE, int: UNSET_INTEGER}
"""ibapi's words for a number that is not there."""


def fields_of(payload: bytes) -> list[Any]:
    """The fields of a payload, each of which ends with a NUL: text, or bytes beyond ASCII."""
    return payload.decode().split("\0")[:-1] if payload.isascii() else payload.split(END)[:-1]


class Size(str):
    """A field in which a fraction may stand where ibapi expects a whole number: TWS sends sizes so
    from version 163 on."""

    __slots__ = ()


def decode(kind: type[Any], fields: Iterator[Any], show_unset: bool = False) -> Any:
    """The next field as a `kind`; ibapi's BadMessage where there is none, ValueError where it is
    not one, or is not `bounded`. An empty number is 0, or with `show_unset` ibapi's word for none;
    an empty float is `ABSENT`.
    """
    field = next(fields, None)
    if kind is str and type(field) is str:
        return field
    if field and type(field) is str:
        if kind is int:
            return bounded(int(field))
        return int(field) != 0 if kind is bool else kind(field)
    if field is not None and not field and kind in UNSET:
        return UNSET[kind] if show_unset else EMPTY[kind]
    if type(field) is Size:
        return _of_size(kind, str(field), show_unset)
    value = of_ibapi(kind, iter(() if field is None else (field,)), show_unset)
    return bounded(value) if type(value) is int else value


def bounded(value: int) -> int:
    """A whole number of 64 bits, as TWS's are; ValueError for one that no journal could keep."""
    if -INT_MAX <= value <= INT_MAX:
        return value
    raise ValueError(f"a whole number of {len(str(value))} digits, expected at most 64 bits")


def _of_size(kind: type[Any], field: str, show_unset: bool) -> Any:
    """The field as any other one; as a float where a fraction stands for a whole number."""
    try:
        return decode(kind, iter((field,)), show_unset)
    except ValueError:
        if kind is int and abs(value := float(field)) <= INT_MAX:  # which is not a NaN either
            return value
        raise


ibapi.decoder.decode = ibapi.orderdecoder.decode = decode
