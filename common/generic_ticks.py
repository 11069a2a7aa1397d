"""Generic ticks: what TWS adds to a market data line when it is asked by number.

Which numbers there are for which type of security is TWS's own list, as it stands in its error 321.
A number that it does not take costs the whole line, prices and all, so it is refused before.
"""

from collections.abc import Iterable, Mapping
from typing import Final

_STOCK: Final = frozenset({"STK"})
_INDEX: Final = frozenset({"IND"})
_DIVIDENDS: Final = frozenset({"STK", "FUT", "OPT", "IND"})
_TRADED: Final = frozenset({"STK", "FUT", "OPT", "CRYPTO"})
_ANY: Final = _DIVIDENDS | _TRADED | {"CASH"}

NUMBERS: Final[Mapping[int, tuple[str, frozenset[str]]]] = {
    100: ("option volume", _ANY),
    101: ("option open interest", _ANY),
    104: ("historical volatility", _ANY),
    105: ("average option volume", _ANY),
    106: ("implied volatility", _ANY),
    162: ("index future premium", _INDEX),
    165: ("lows, highs and average volume", _ANY),
    221: ("mark price", _ANY),
    225: ("auction", _ANY),
    232: ("mark price for profit and loss", _ANY),
    233: ("trades with the day's volume", _ANY),
    236: ("shortable shares", _ANY),
    258: ("fundamental ratios", _ANY),
    292: ("news", _ANY),
    293: ("number of trades", _ANY),
    294: ("trades per minute", _ANY),
    295: ("volume per minute", _ANY),
    318: ("last trade in regular hours", _ANY),
    375: ("reported trades with the day's volume", _ANY),
    411: ("historical volatility as it moves", _ANY),
    456: ("dividends", _DIVIDENDS),
    460: ("factor of a bond", _ANY),
    576: ("net asset value: bid and ask", _STOCK),
    577: ("net asset value: last", _ANY),
    578: ("net asset value: close", _STOCK),
    586: ("prices of a new issue", _ANY),
    587: ("delayed mark price", _ANY),
    588: ("open interest of a future", _ANY),
    595: ("volume of 3, 5 and 10 minutes", _TRADED),
    614: ("net asset value: high and low", _ANY),
    619: ("slow mark price", _ANY),
    623: ("net asset value: last, out of hours", _ANY),
}
"""Each number with what it brings, and the types of security that have it."""


def legal(sec_type: str) -> list[int]:
    """The numbers that TWS takes for a type of security."""
    return [number for number, (_, types) in NUMBERS.items() if sec_type in types]


def fault(sec_type: str, numbers: Iterable[int]) -> str:
    """What numbers must be and are not, for behind `must be`; empty if TWS takes them."""
    known, given = legal(sec_type), [*numbers]
    if all(number in known for number in given) and len({*given}) == len(given):
        return ""
    return f"numbers that TWS has for {sec_type}, each once: {', '.join(map(str, known))}"
