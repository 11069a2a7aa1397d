"""Commissions as a person writes them: by share, contract or value, in tiers, with bounds.

    0.005 per share, min 1, max 1 %
    2.10 per contract
    0.1 %
    1 per order
    0.0035 per share to 300000, 0.002 per share, min 0.35
    0.005 per share, min 1; 0.85 per contract

A tier ends at that many units, or at that much value for a rate in per cent, which an account has
traded in a calendar month (UTC); what is beyond it costs the next rate. Each part between
semicolons is for other contracts; the broker's own price list stays in force for the rest.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

ZERO: Final = Decimal(0)
OWN: Final = "ib"
NONE: Final = "none"
RATE_MAX: Final = Decimal(1_000_000)
TIERS_MAX: Final = 20
ALL: Final = ""
"""Stands for every kind of contract."""
UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "share": ("STK",),
    "contract": ("FUT", "OPT"),
    "unit": (ALL,),
}
"""What a rate is per, and of which kinds of contracts."""
EXPECTED: Final = (
    '"ib", "none", or rates such as "0.005 per share, min 1, max 1 %", "2.10 per contract",'
    ' "0.1 %", "1 per order", "0.0035 per share to 300000, 0.002 per share"; parts for shares and'
    " for contracts are separated by semicolons"
)
_NUMBER: Final = r"(\d{1,12}(?:\.\d{1,12})?)"
_RATE: Final = re.compile(rf"{_NUMBER} *(?:per (share|contract|unit|order)|(%))(?: to {_NUMBER})?")
_BOUND: Final = re.compile(rf"(min|max) {_NUMBER} *(%?)")
_PERCENT: Final = Decimal("0.01")


class Tier(msgspec.Struct, frozen=True):
    """A rate, and up to which volume of a month it counts; None: without end."""

    rate: Decimal
    to: Decimal | None = None


class Tariff(msgspec.Struct, frozen=True):
    """A commission: per order, per unit, and a fraction of the notional; with a minimum per order,
    and at most a fraction of the notional, even if that is below the minimum.

    With `tiers` their rates take the place of `per_unit`, or of `of_notional` if they are
    `by_value`.
    """

    per_unit: Decimal = ZERO
    of_notional: Decimal = ZERO
    minimum: Decimal = ZERO
    cap_of_notional: Decimal | None = None
    to_cents: bool = False
    per_order: Decimal = ZERO
    tiers: tuple[Tier, ...] = ()
    by_value: bool = False

    def tiered(self, before: Decimal, volume: Decimal) -> Decimal:
        """What a volume costs by the tiers, `before` which so much was traded in the month."""
        cost, start, end = ZERO, before, before + volume
        for tier in self.tiers:
            stop = end if tier.to is None else min(end, tier.to)
            if stop > start:
                cost += (stop - start) * tier.rate
                start = stop
        return cost


Tariffs = Mapping[str, Tariff]
"""By kind of contract; `ALL` stands for those that are not named."""


def tariffs_of(text: str) -> Tariffs | None:
    """What a person wrote; None: the broker's own price list. Raises ValueError saying what is
    expected."""
    plain = " ".join(text.lower().split())
    if plain == OWN:
        return None
    if plain == NONE:
        return {ALL: Tariff()}
    found: dict[str, Tariff] = {}
    for part in plain.split(";"):
        kinds, tariff = _part(part.strip())
        if found.keys() & set(kinds) or (found and ALL in (*found, *kinds)):
            raise ValueError(f"{EXPECTED}; of each kind of contract one part")
        found |= dict.fromkeys(kinds, tariff)
    return found


def _part(text: str) -> tuple[tuple[str, ...], Tariff]:
    rates: list[tuple[str, Tier]] = []
    bounds: dict[str, Decimal] = {}
    for piece in (one.strip() for one in text.split(",")):
        if (rate := _RATE.fullmatch(piece)) and not bounds:
            number, per, percent, to = rate.groups()
            scale = _PERCENT if percent else Decimal(1)
            end = None if to is None else Decimal(to)
            rates.append((per or percent, Tier(Decimal(number) * scale, end)))
        elif bound := _BOUND.fullmatch(piece):
            name, is_percent = bound[1], bool(bound[3])
            if name in bounds or is_percent != (name == "max"):
                raise ValueError(EXPECTED)
            bounds[name] = Decimal(bound[2]) * (_PERCENT if is_percent else 1)
        else:
            raise ValueError(EXPECTED)
    return _tariff(rates, bounds)


def _tariff(
    rates: list[tuple[str, Tier]], bounds: Mapping[str, Decimal]
) -> tuple[tuple[str, ...], Tariff]:
    per = {one for one, _ in rates}
    tiers = tuple(tier for _, tier in rates)
    highest = max((tier.rate for tier in tiers), default=ZERO)
    if len(per) != 1 or len(tiers) > TIERS_MAX or highest > (1 if "%" in per else RATE_MAX):
        raise ValueError(EXPECTED)
    (unit,) = per
    if len(tiers) > 1 or tiers[0].to is not None:
        if unit == "order":
            raise ValueError(EXPECTED)
        _require_order(tiers)
        fee = Tariff(tiers=tiers, by_value=unit == "%")
    else:
        fee = _flat(unit, tiers[0].rate)
    fee = msgspec.structs.replace(
        fee, minimum=bounds.get("min", ZERO), cap_of_notional=bounds.get("max")
    )
    return UNITS.get(unit, (ALL,)), fee


def _flat(unit: str, rate: Decimal) -> Tariff:
    if unit == "%":
        return Tariff(of_notional=rate)
    return Tariff(per_order=rate) if unit == "order" else Tariff(per_unit=rate)


def _require_order(tiers: tuple[Tier, ...]) -> None:
    """Each tier ends above the one before, and the last has no end."""
    *ends, last = (tier.to for tier in tiers)
    known = [end for end in ends if end is not None]
    if last is not None or len(known) < len(ends) or known != sorted(set(known)) or not min(known):
        raise ValueError(f"{EXPECTED}; tiers end in rising order, and the last without an end")
