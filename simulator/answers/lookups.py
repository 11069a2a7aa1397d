"""Answers about what there is: symbols, exchanges, the user; and about what a plain login of this
TWS has none of, such as advisors' data, company reports and corporate events."""

from collections.abc import Sequence
from typing import Final

from tapewire.simulator.answers.family import Family, Handlers, forget_keys
from tapewire.simulator.exchange.contracts import US_VENUES, Contracts
from tapewire.simulator.protocol import lookup_messages as look
from tapewire.simulator.protocol.messages import BBO_EXCHANGE, NO_ID
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, invalid
from tapewire.simulator.protocol.session import Session

MATCHES_MAX: Final = 16
EXCHANGES: Final = tuple(zip(US_VENUES, "AQNPZ", strict=True))
ADVISOR_LISTS: Final = {1: "ListOfGroups", 2: "ListOfAllocationProfiles", 3: "ListOfAccountAliases"}
GROUPS: Final = "1|2|3|4|5|6|7"
NO_VERIFYING: Final = "Intent to authenticate needs to be expressed during initial connect request."


class Lookups(Family):
    """Questions that the contracts and the accounts answer, and those with an empty answer."""

    def __init__(self, contracts: Contracts, accounts: Sequence[str], outbox: Outbox) -> None:
        self._contracts = contracts
        self._accounts = accounts
        self._outbox = outbox
        self._groups: dict[tuple[int, int], int] = {}  # connection and request: which group
        self._shown: dict[int, str] = {}  # by group
        self._know_events: set[int] = set()  # connections that have asked for the metadata

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            look.MatchingSymbols: self._matching_symbols,
            look.SmartComponents: self._smart_components,
            look.FamilyCodes: self._family_codes,
            look.UserInfo: self._user_info,
            look.SoftDollarTiers: self._soft_dollar_tiers,
            look.AdvisorData: self._advisor_data,
            look.ReplaceAdvisorData: self._replace_advisor_data,
            look.DisplayGroups: self._display_groups,
            look.JoinDisplayGroup: self._join_display_group,
            look.UpdateDisplayGroup: self._update_display_group,
            look.LeaveDisplayGroup: self._leave_display_group,
            look.Verification: self._verification,
            look.FundamentalData: self._fundamental_data,
            look.EventMetadata: self._event_metadata,
            look.CorporateEvents: self._corporate_events,
            look.CancelLookup: lambda _session, _request: None,
        }

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._know_events.discard(conn)
        forget_keys(self._groups, conn)

    def _matching_symbols(self, session: Session, request: look.MatchingSymbols) -> None:
        pattern = request.pattern.strip().upper()
        known = self._contracts.by_symbol.values()
        found = [
            (one, sorted({other.sec_type for other in known if other.underlying == one.symbol}))
            for one in known
            if pattern and not one.underlying and one.symbol.upper().startswith(pattern)
        ]
        self._outbox.send(
            session, look.symbol_samples(session.version, request.req_id, found[:MATCHES_MAX])
        )

    def _smart_components(self, session: Session, request: look.SmartComponents) -> None:
        if request.bbo_exchange != BBO_EXCHANGE:
            text = f"BBO exchange {request.bbo_exchange!r} is none that tickReqParams has named."
            raise invalid(request.req_id, text)
        self._outbox.send(session, look.smart_components(request.req_id, EXCHANGES))

    def _family_codes(self, session: Session, _request: look.FamilyCodes) -> None:
        self._outbox.send(session, look.family_codes(self._accounts))

    def _user_info(self, session: Session, request: look.UserInfo) -> None:
        self._outbox.send(session, look.user_info(request.req_id))

    def _soft_dollar_tiers(self, session: Session, request: look.SoftDollarTiers) -> None:
        self._outbox.send(session, look.soft_dollar_tiers(request.req_id))

    # ---- advisors ------------------------------------------------------------------------------

    def _advisor_data(self, session: Session, request: look.AdvisorData) -> None:
        name = ADVISOR_LISTS.get(request.kind)
        if name is None:
            raise invalid(NO_ID, f"Advisor data {request.kind} is unknown; it must be 1, 2 or 3.")
        xml = f'<?xml version="1.0" encoding="UTF-8"?><{name}></{name}>'
        self._outbox.send(session, look.advisor_data(request.kind, xml))

    def _replace_advisor_data(self, _session: Session, request: look.ReplaceAdvisorData) -> None:
        raise invalid(request.req_id, "FA data operations ignored for non FA customers.")

    # ---- groups of windows ---------------------------------------------------------------------

    def _display_groups(self, session: Session, request: look.DisplayGroups) -> None:
        self._outbox.send(session, look.display_groups(request.req_id, GROUPS))

    def _join_display_group(self, session: Session, request: look.JoinDisplayGroup) -> None:
        if str(request.group) not in GROUPS.split("|"):
            raise invalid(request.req_id, f"Display group {request.group} does not exist.")
        self._groups[session.conn, request.req_id] = request.group
        shown = self._shown.get(request.group, "none")
        self._outbox.send(session, look.display_group(request.req_id, shown))

    def _update_display_group(self, session: Session, request: look.UpdateDisplayGroup) -> None:
        group = self._groups.get((session.conn, request.req_id))
        if group is None:
            raise invalid(request.req_id, "Subscribe to a display group before you update it.")
        self._shown[group] = request.shown
        for (conn, req_id), joined in self._groups.items():
            if joined == group and conn == session.conn:
                self._outbox.send(session, look.display_group(req_id, request.shown))

    def _leave_display_group(self, session: Session, request: look.LeaveDisplayGroup) -> None:
        self._groups.pop((session.conn, request.req_id), None)

    # ---- what this login has not subscribed to -------------------------------------------------

    def _verification(self, _session: Session, _request: look.Verification) -> None:
        raise invalid(NO_ID, NO_VERIFYING)

    def _fundamental_data(self, _session: Session, request: look.FundamentalData) -> None:
        raise BadRequest(request.req_id, 10358, "Fundamentals data is not allowed.")

    def _event_metadata(self, session: Session, request: look.EventMetadata) -> None:
        self._know_events.add(session.conn)
        text = '{"meta_data":{"event_types":[]}}'
        self._outbox.send(session, look.event_metadata(request.req_id, text))

    def _corporate_events(self, session: Session, request: look.CorporateEvents) -> None:
        if session.conn not in self._know_events:
            raise BadRequest(request.req_id, 10282, "WSH metadata was not requested.")
        self._outbox.send(session, look.corporate_events(request.req_id, "[]"))
