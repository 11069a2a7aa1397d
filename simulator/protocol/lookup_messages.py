"""Requests about what there is, their layout and their answers: symbols, exchanges, users, and
what this TWS has none of, such as an advisor's groups."""

from collections.abc import Callable, Sequence

from tapewire.common.instruments import Instrument
from tapewire.simulator.protocol.messages import Fields as Message
from tapewire.simulator.protocol.messages import underlying_text
from tapewire.simulator.protocol.requests import Fields, Request, only_id

SINCE_DESCRIPTIONS = 176
SINCE_EVENT_FILTERS = 171
SINCE_EVENT_DATES = 173


class MatchingSymbols(Request, frozen=True):
    """Ask for symbols that begin with a pattern."""

    req_id: int
    pattern: str


class SmartComponents(Request, frozen=True):
    """Ask for the exchanges behind a code of tickReqParams."""

    req_id: int
    bbo_exchange: str


class FamilyCodes(Request, frozen=True):
    """Ask for the account family codes."""


class UserInfo(Request, frozen=True):
    """Ask for the user's white branding id."""

    req_id: int


class SoftDollarTiers(Request, frozen=True):
    """Ask for soft dollar tiers."""

    req_id: int


class AdvisorData(Request, frozen=True):
    """Ask for an advisor's groups (1), profiles (2) or account aliases (3)."""

    kind: int


class ReplaceAdvisorData(Request, frozen=True):
    """Replace an advisor's groups or profiles."""

    req_id: int


class DisplayGroups(Request, frozen=True):
    """Ask which groups of windows there are."""

    req_id: int


class JoinDisplayGroup(Request, frozen=True):
    """Subscribe to the contract that a group of windows shows."""

    req_id: int
    group: int


class UpdateDisplayGroup(Request, frozen=True):
    """Let the group that was subscribed show another contract."""

    req_id: int
    shown: str


class LeaveDisplayGroup(Request, frozen=True):
    """End the subscription to a group."""

    req_id: int


class Verification(Request, frozen=True):
    """A step of verifying a client program, for which it would have had to connect otherwise."""


class FundamentalData(Request, frozen=True):
    """Ask for a company report."""

    req_id: int


class EventMetadata(Request, frozen=True):
    """Ask which kinds of corporate events (Wall Street Horizon) there are."""

    req_id: int


class CorporateEvents(Request, frozen=True):
    """Ask for corporate events."""

    req_id: int


class CancelLookup(Request, frozen=True):
    """Cancel a request that was answered at once."""

    req_id: int


def _matching_symbols(read: Fields, _version: int) -> Request:
    return MatchingSymbols(read.identity(), read.text())


def _smart_components(read: Fields, _version: int) -> Request:
    return SmartComponents(read.identity(), read.text())


def _advisor_data(read: Fields, _version: int) -> Request:
    read.skip(1)
    return AdvisorData(read.integer())


def _replace_advisor_data(read: Fields, _version: int) -> Request:
    read.skip(3)  # version, kind, the XML itself
    return ReplaceAdvisorData(read.identity())


def _join_display_group(read: Fields, _version: int) -> Request:
    read.skip(1)
    return JoinDisplayGroup(read.identity(), read.integer())


def _update_display_group(read: Fields, _version: int) -> Request:
    read.skip(1)
    return UpdateDisplayGroup(read.identity(), read.text())


def _verification(fields: int) -> Callable[[Fields, int], Request]:
    def decoder(read: Fields, _version: int) -> Request:
        read.skip(fields)
        return Verification()

    return decoder


def _fundamental_data(read: Fields, _version: int) -> Request:
    read.skip(1)
    req_id = read.identity()
    read.skip(9)  # seven of the contract, the report, how many options
    read.skip(1)  # the options
    return FundamentalData(req_id)


def _corporate_events(read: Fields, version: int) -> Request:
    req_id = read.identity()
    read.integer()  # conId
    if version >= SINCE_EVENT_FILTERS:
        read.skip(4)  # filter, and three lists to fill in
    if version >= SINCE_EVENT_DATES:
        read.skip(3)  # start, end, how many
    return CorporateEvents(req_id)


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    18: _advisor_data,
    19: _replace_advisor_data,
    52: _fundamental_data,
    53: only_id(CancelLookup, old=True),
    65: _verification(3),
    66: _verification(2),
    67: only_id(DisplayGroups, old=True),
    68: _join_display_group,
    69: _update_display_group,
    70: only_id(LeaveDisplayGroup, old=True),
    72: _verification(4),
    73: _verification(3),
    79: only_id(SoftDollarTiers, old=False),
    80: lambda _read, _version: FamilyCodes(),
    81: _matching_symbols,
    83: _smart_components,
    100: only_id(EventMetadata, old=False),
    101: only_id(CancelLookup, old=False),
    102: _corporate_events,
    103: only_id(CancelLookup, old=False),
    104: only_id(UserInfo, old=False),
}


def symbol_samples(
    version: int, req_id: int, found: Sequence[tuple[Instrument, Sequence[str]]]
) -> Message:
    """Symbols (79), each with the types of contracts that are derived from it."""
    fields = ["79", str(req_id), str(len(found))]
    for one, derived in found:
        fields += [str(one.con_id), underlying_text(one), one.sec_type, one.exchange, one.currency]
        fields += [str(len(derived)), *derived]
        if version >= SINCE_DESCRIPTIONS:
            fields += [f"{one.symbol} (simulated)", ""]  # description, issuerId
    return fields


def smart_components(req_id: int, exchanges: Sequence[tuple[str, str]]) -> Message:
    """The exchanges behind SMART (82): a bit, a name and a letter of each."""
    rows = (
        field
        for bit, (exchange, letter) in enumerate(exchanges)
        for field in (str(bit), exchange, letter)
    )
    return ["82", str(req_id), str(len(exchanges)), *rows]


def family_codes(accounts: Sequence[str]) -> Message:
    """The family code of each account (78): none."""
    return ["78", str(len(accounts)), *(field for one in accounts for field in (one, ""))]


def soft_dollar_tiers(req_id: int) -> Message:
    """Soft dollar tiers (77): none."""
    return ["77", str(req_id), "0"]


def user_info(req_id: int) -> Message:
    """The white branding id (107): none."""
    return ["107", str(req_id), ""]


def advisor_data(kind: int, xml: str) -> Message:
    """An advisor's groups, profiles or aliases (16)."""
    return ["16", "1", str(kind), xml]


def display_groups(req_id: int, groups: str) -> Message:
    """The groups of windows (67), separated by |."""
    return ["67", "1", str(req_id), groups]


def display_group(req_id: int, shown: str) -> Message:
    """What a group of windows shows (68): conId@exchange, or none."""
    return ["68", "1", str(req_id), shown]


def event_metadata(req_id: int, text: str) -> Message:
    """The kinds of corporate events (104), as JSON."""
    return ["104", str(req_id), text]


def corporate_events(req_id: int, text: str) -> Message:
    """Corporate events (105), as JSON."""
    return ["105", str(req_id), text]
