"""Logging in: accounts, then contracts, then both hubs. Only then is there a session.

    OPENED --> accounts --> contracts of all instruments --> user hub up --> SessionReady

What happens to orders comes over the user hub alone. While that is away nobody knows what happens,
so its going is a `ServerLost`, and its return a `ServerRestored`: the core then asks for everything
that it may have missed, before it trades on.

Without its contract a symbol's positions and fills would go by another name, beside its limits. So
a contract that cannot be asked about ends the session, and the next one asks again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import InstrumentDescribed, PriceStep
from tapewire.common.instruments import Instrument
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerError, BrokerEvent
from tapewire.gateway.projectx.asked import Answer, Take
from tapewire.gateway.projectx.words import Json, amount, decimal, identifier, sentence
from tapewire.gateway.tws.checked import named

VERSION: Final = 1
FUTURE: Final = "FUT"
MONTHS: Final = "FGHJKMNQUVXZ"
Ask = Callable[[str, Json, Take], None]
Refuses = Callable[[Sequence[Json]], str]
ZERO: Final = Decimal(0)


class Session:
    """One connection's login. `ask` sends a request, `say` a line to the link. `wanted` are the
    accounts to trade, all of the login if none; `refuses` says why they must not be traded on."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        ask: Ask,
        say: Callable[[Json], None],
        wanted: Collection[str],
        refuses: Refuses,
    ) -> None:
        self.instruments = {one.symbol: one for one in instruments}
        self.contracts: dict[str, str] = {}  # ids by symbol
        self.symbols: dict[str, str] = {}  # and the other way round
        self.accounts: tuple[str, ...] = ()
        self.is_up = False  # the session stands
        self._ask, self._say = ask, say
        self._wanted, self._refuses = wanted, refuses
        self._described: dict[str, Json] = {}
        self._awaited = 0  # contracts that were asked for
        self._news: list[str] = []

    def closed(self) -> None:
        """The connection is gone."""
        self.is_up, self.accounts, self._awaited = False, (), 0

    def symbol_of(self, contract_id: str) -> str:
        """Our symbol of a contract; of one that is not configured, its id. Raises for what is
        neither."""
        return self.symbols.get(contract_id) or named("a contract", contract_id)

    def multiplier_of(self, symbol: str) -> Decimal:
        """Units of the underlying in one contract."""
        instrument = self.instruments.get(symbol)
        return Decimal(1) if instrument is None else instrument.multiplier

    def on_accounts(self, found: Sequence[Json]) -> Iterator[BrokerEvent]:
        """The login is taken: see whether its accounts are those to trade on."""
        if not isinstance(found, list) or not all(map(_is_account, found)):
            raise BrokerError("ProjectX lists the accounts of the login in what cannot be read")
        chosen = [one for one in found if not self._wanted or str(one["id"]) in self._wanted]
        missing = set(self._wanted) - {str(one["id"]) for one in chosen}
        reason = self._refuses(chosen)
        if missing or not chosen:
            names = ", ".join(f"{one['id']} ({one['name']})" for one in found) or "none"
            reason = (
                f"the login has the accounts {names}; correct accounts in its [[gateways]] entry"
            )
        if reason:
            yield broker.SessionRefused(reason)
            return
        self.accounts = tuple(str(one["id"]) for one in chosen)
        yield broker.SessionProgress("waiting for the ProjectX Gateway to describe its contracts")
        asked = [one for one in self.instruments.values() if one.sec_type == FUTURE]
        self._awaited = len(asked)
        for one in asked:
            self._ask(
                "/Contract/search", {"searchText": name_of(one), "live": False}, self._finds(one)
            )
        if not asked:
            self._connect()

    def _finds(self, instrument: Instrument) -> Take:
        def take(answer: Answer) -> Iterator[BrokerEvent]:
            name = name_of(instrument)
            if answer.found is None or answer.refusal:
                why = answer.fault or answer.refusal
                raise BrokerError(
                    f"ProjectX does not describe {instrument.symbol} as {name}: {why}"
                )
            try:
                contracts = answer.found.get("contracts") or ()
                found = next((one for one in contracts if one["name"] == name), None)
                if found is not None:
                    self._keep(instrument, found)
            except (LookupError, TypeError, ValueError, ArithmeticError) as error:
                raise BrokerError(
                    f"ProjectX describes {instrument.symbol} as {name} in what cannot be read:"
                    f" {type(error).__name__} {error}"
                ) from error
            if found is None:
                yield broker.Complaint(
                    f"ProjectX does not know {instrument.symbol} as {name}: it has no contract of"
                    " that name"
                )
            self._awaited -= 1
            if not self._awaited:
                self._connect()

        return take

    def _keep(self, instrument: Instrument, found: Json) -> None:
        for name in ("tickSize", "tickValue"):
            if amount(found[name]) <= 0:
                raise ValueError(f"{name} is {found[name]}")
        found["description"] = sentence(found["description"])
        found["id"] = named("the contract's id", found["id"])
        self.contracts[instrument.symbol] = found["id"]
        self.symbols[found["id"]] = instrument.symbol
        self._described[instrument.symbol] = found
        self._news.append(instrument.symbol)

    def _connect(self) -> None:
        self._say({"connect": [int(one) for one in self.accounts]})

    def on_user_hub(self, *, is_up: bool) -> Iterator[BrokerEvent]:
        """The user hub is there, with all that was subscribed to, or it is gone."""
        if not self.accounts:
            return
        if not is_up:
            reason = "the connection to ProjectX's user hub is gone"
            yield broker.ServerLost(reason, is_line=True)
        elif self.is_up:
            yield broker.ServerRestored()
        else:
            self.is_up = True
            yield broker.SessionReady(self.accounts, VERSION)

    def descriptions(self, now: Now) -> list[InstrumentDescribed]:
        """What has become known of contracts since the last call."""
        taken, self._news = self._news, []
        return [self._description(symbol, now.wall_ns) for symbol in taken]

    def _description(self, symbol: str, now_ns: int) -> InstrumentDescribed:
        found, ours = self._described[symbol], self.instruments[symbol]
        step = decimal(found["tickSize"]) or ZERO  # `_keep` has seen that there is one
        multiplier = decimal((decimal(found["tickValue"]) or ZERO) / step)
        contradiction = ""
        if multiplier != ours.multiplier:
            contradiction = f"multiplier is {ours.multiplier:f}, ProjectX has {multiplier}"
        return InstrumentDescribed(
            now_ns, symbol, 0, FUTURE, "ProjectX", "USD", str(found["description"]),
            multiplier or ours.multiplier, step, (PriceStep(ZERO, step),),
            contradiction=contradiction,
        )  # fmt: skip


def _is_account(found: object) -> bool:
    """Whether it is an account of a login, as far as one has to have."""
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        return False
    try:
        return bool(identifier(found.get("id")))
    except ValueError:
        return False


def name_of(instrument: Instrument) -> str:
    """The Gateway's name of a future: `MNQZ6`, also for `MNQ 202612`."""
    root, _, expiry = instrument.symbol.partition(" ")
    if len(expiry) < len("202612") or not expiry.isdecimal():
        return instrument.symbol
    return f"{root}{MONTHS[int(expiry[4:6]) - 1]}{expiry[3]}"
