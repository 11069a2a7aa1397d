"""The contracts of the Gateway: futures alone, each under an id such as `CON.F.US.MNQ.Z26`."""

import re
from collections.abc import Iterable
from typing import Final

from tapewire.common import shorthands
from tapewire.common.errors import ConfigError
from tapewire.common.instruments import Instrument
from tapewire.simulator.projectx.words import Json

MONTHS: Final = "FGHJKMNQUVXZ"
FUTURE: Final = "FUT"
FOUND_MAX: Final = 20
"""So many contracts are in one answer to a search."""
_CODED: Final = re.compile(rf"([A-Z0-9]+?)([{MONTHS}])(\d)", re.ASCII)


class Listing:
    """The instruments that can be traded here, by the Gateway's ids for them."""

    def __init__(self, instruments: Iterable[Instrument], this_year: int) -> None:
        self._by_id: dict[str, Instrument] = {}
        self._ids: dict[str, str] = {}
        for one in instruments:
            if one.sec_type != FUTURE:
                continue
            contract_id = id_of(one, this_year)
            self._by_id[contract_id], self._ids[one.symbol] = one, contract_id
        if not self._by_id:
            raise ConfigError(
                "the ProjectX Gateway has futures alone, and none is among the instruments;"
                " name one, such as MNQZ6:FUT:CME:2:0.25"
            )

    def __len__(self) -> int:
        return len(self._by_id)

    def lists(self, symbol: str) -> bool:
        """Whether an instrument is listed."""
        return symbol in self._ids

    def renew(self, instruments: Iterable[Instrument]) -> None:
        """The same instruments, as they are known from now on."""
        for one in instruments:
            self._by_id[self._ids[one.symbol]] = one

    def find(self, contract_id: object) -> Instrument | None:
        """The instrument that has this id."""
        return self._by_id.get(contract_id) if isinstance(contract_id, str) else None

    def id_of(self, symbol: str) -> str:
        """The id of a listed instrument."""
        return self._ids[symbol]

    def search(self, text: str) -> list[Json]:
        """The contracts whose name or id has a text in it; all of them for an empty one."""
        wanted = text.strip().upper()
        found = [self.described(one) for one in self._by_id.values()]
        return [
            one for one in found if wanted in one["name"].upper() or wanted in one["id"].upper()
        ][:FOUND_MAX]

    def described(self, instrument: Instrument) -> Json:
        """A contract in the Gateway's words."""
        contract_id = self._ids[instrument.symbol]
        _, _, country, root, month = contract_id.split(".")
        return {
            "id": contract_id,
            "name": f"{root}{month[0]}{month[-1]}",
            "description": f"{root} {month} (simulated)",
            "tickSize": float(instrument.min_tick),
            "tickValue": float(instrument.min_tick * instrument.multiplier),
            "activeContract": True,
            "symbolId": f"F.{country}.{root}",
        }

    def symbol_id(self, symbol: str) -> str:
        """The id of what a listed future is on."""
        _, _, country, root, _ = self._ids[symbol].split(".")
        return f"F.{country}.{root}"


def id_of(instrument: Instrument, this_year: int) -> str:
    """The Gateway's id of a future such as MNQZ6 or `MNQ 202612`; raises ConfigError for another
    name. A single digit is the next year that ends with it."""
    if (named := shorthands.named(instrument)) is not None:
        return contract_id(named.root, int(named.expiry[:4]), int(named.expiry[4:6]))
    coded = _CODED.fullmatch(instrument.symbol)
    if coded is None:
        raise ConfigError(
            f"{instrument.symbol} is not a name of a future that a month can be read from;"
            " expected one such as MNQZ6 or `MNQ 202612`"
        )
    root, month, digit = coded.groups()
    year = this_year + (int(digit) - this_year) % 10
    return contract_id(root, year, MONTHS.index(month) + 1)


def contract_id(root: str, year: int, month: int) -> str:
    """The Gateway's id of a future by its month."""
    return f"CON.F.US.{root}.{MONTHS[month - 1]}{year % 100:02d}"
