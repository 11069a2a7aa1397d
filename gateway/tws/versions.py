"""What TWS's messages gain and lose from version 158 to 178, in both directions.

ibapi 9.81.1 knows the versions up to 157, and all of this adapter is written for its layouts. So a
message of a newer TWS is first brought back to what it was at 157 (`older`), and a request is
encoded as at 157 and then brought forward (`newer`). The two tables below are everything that
differs between the versions in what the gateway sends and reads.

A message that has a field too many or too few at its own version has one too many or too few when
it is brought back, so the strict count of fields at 157 holds at each version.

The messages that carry ticks (1, 2, 21, 99) have the same fields throughout, and their sizes are
read as fractions at any version. `SIZED` has the others in which sizes may be fractions from 163
on.

Sources: the server versions as IB names them (158 duration, 160 post to ATS, 162 auto cancel
parent, 163 fractional sizes, 164 size rules, 166 advanced order reject, 169 manual order time, 170
offsets of PEG BEST and PEG MID, 176 bond issuer id, 177 end of FA profiles, 178 pending price
revision), the fields that public clients read at each, and recordings of TWS at 173 and 176.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

VERSION_MIN: Final = 100
LIBRARY_VERSION: Final = 157
"""The newest version that ibapi 9.81.1 knows."""
VERSION_MAX: Final = 178
"""The newest that is spoken here. From 201 on messages are protobuf; see
`docs/decisions/0032-protobuf.md`."""

FRACTIONS_SINCE: Final = 163
SIZED: Final = frozenset({17, 50, 89, 90, 95, 96, 97, 98})
"""The messages whose sizes ibapi reads as whole numbers, though they may be fractions since then:
bars, histograms and ticks of the past, real-time bars, and the profit and loss of a position."""

REQUEST_CONTRACT: Final = 9
PLACE_ORDER: Final = 3
CANCEL_ORDER: Final = 4

LOST: Final = "({lost})"
"""Stands in a request's field that is to be taken out: ibapi writes it as it is given."""


class Gains(NamedTuple):
    """A message has more fields at its end from a version on, by name; each with the text that a
    request has there when it asks for nothing."""

    since: int
    fields: Mapping[str, str]


class Loses(NamedTuple):
    """A message lacks a field from a version on. `place` is where it was, counted from the message
    id, or None where it was the last; `text` is what it is taken to have been."""

    since: int
    name: str
    place: int | None
    text: str = ""


Change = Gains | Loses

OFFSETS_SINCE: Final = 170
_OFFSETS: Final = dict.fromkeys(
    ("minTradeQty", "minCompeteSize", "competeAgainstBestOffset", "midOffsetAtWhole",
     "midOffsetAtHalf"),
    "",
)  # fmt: skip

RECEIVED: Final[Mapping[int, tuple[Change, ...]]] = {
    # error
    4: (Gains(166, {"advancedOrderRejectJson": ""}),),
    # openOrder
    5: (
        Gains(158, {"duration": ""}),
        Gains(160, {"postToAts": ""}),
        Gains(162, {"autoCancelParent": "0"}),
        Gains(OFFSETS_SINCE, _OFFSETS),
        Loses(177, "faProfile", 34),
    ),
    # contractDetails
    10: (
        Gains(FRACTIONS_SINCE, {"sizeMinTick": ""}),
        Loses(164, "sizeMinTick", None),
        Loses(164, "mdSizeMultiplier", 15, "1"),
        Loses(164, "version", 1, "8"),
        Gains(164, {"minSize": "", "sizeIncrement": "", "suggestedSizeIncrement": ""}),
    ),
    # execDetails
    11: (Gains(178, {"pendingPriceRevision": "0"}),),
    # completedOrder
    101: (Gains(OFFSETS_SINCE, _OFFSETS), Loses(177, "faProfile", 31)),
}
"""The messages that TWS sends, by id, each with its changes in the order of versions."""

SENT: Final[Mapping[int, tuple[Change, ...]]] = {
    PLACE_ORDER: (
        Gains(158, {"duration": ""}),
        Gains(160, {"postToAts": ""}),
        Gains(162, {"autoCancelParent": "0"}),
        Gains(166, {"advancedErrorOverride": ""}),
        Gains(169, {"manualOrderTime": ""}),
        Loses(177, "faProfile", None),
    ),
    CANCEL_ORDER: (Gains(169, {"manualCancelOrderTime": ""}),),
    REQUEST_CONTRACT: (Gains(176, {"issuerId": ""}),),
}
"""The requests, by id, as in `RECEIVED`. A field that a request loses can be anywhere in it, behind
a combo's legs; so it is found by what stands in it (`LOST`)."""


def changes_at(
    table: Mapping[int, tuple[Change, ...]], version: int
) -> dict[int, tuple[Change, ...]]:
    """What of a table holds at a version, by message id; empty up to 157."""
    held = {
        kind: tuple(one for one in changes if one.since <= version)
        for kind, changes in table.items()
    }
    return {kind: changes for kind, changes in held.items() if changes}


def older(fields: list[Any], changes: tuple[Change, ...]) -> list[Any]:
    """The fields of a message as they were at 157."""
    for change in reversed(changes):
        if isinstance(change, Gains):
            del fields[-len(change.fields) :]
        else:
            fields.insert(len(fields) if change.place is None else change.place, change.text)
    return fields


def newer(fields: list[str], changes: tuple[Change, ...]) -> list[str]:
    """The fields of a request of 157 as a newer TWS takes them."""
    found = [one for one in fields if one != LOST]
    for change in changes:
        if isinstance(change, Gains):
            found += change.fields.values()
    return found


def lost(changes: tuple[Change, ...]) -> list[str]:
    """The names of the fields that a request lacks."""
    return [one.name for one in changes if isinstance(one, Loses)]


def order_offsets(order_type: str, exchange: str, version: int) -> list[str]:
    """The last fields of an order's request, which only some orders have; all ask for nothing.

    Raises ValueError for a type whose fields differ by what they say, and are not known here.
    """
    if version < OFFSETS_SINCE:
        return []
    if order_type in ("PEG BEST", "PEGBEST"):
        raise ValueError(
            f"a {order_type} order cannot be written for TWS's version {version}; from"
            f" {OFFSETS_SINCE} on it has fields that are not known here"
        )
    names = ["minTradeQty"] if exchange == "IBKRATS" else []
    if order_type in ("PEG MID", "PEGMID"):
        names += ["midOffsetAtWhole", "midOffsetAtHalf"]
    return [_OFFSETS[name] for name in names]
