"""The base of all events and the types their fields are made of."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A past fact, or a command on its way; on the wire an array that begins with its name.

    Names are `domain.entity.action` where there is an entity, otherwise `domain.action`. Fields
    are only ever appended, each with a default, so that older and newer writers can be read.
    """


def name_of(event: Event) -> str:
    """The event's dotted wire name, such as `order.accepted`."""
    return str(event.__struct_config__.tag)


def subject_of(event: Any) -> Any:
    """The order that an event is about, where it has one; else the event itself. Its account,
    strategy and symbol are those of the event."""
    return getattr(event, "order", event)


def cause_of(event: Event) -> str:
    """An event as a cause is named: its name, and the execution, the order, or else the account and
    symbol that it is about."""
    about = subject_of(event)
    for owner, field in ((event, "exec_id"), (about, "intent_id"), (about, "id")):
        if found := getattr(owner, field, None):
            return f"{name_of(event)} {found}"[:TEXT_MAX]
    parts = [name_of(event), getattr(about, "account", ""), getattr(about, "symbol", "")]
    return " ".join(filter(None, parts))[:TEXT_MAX]


def types_by_name() -> dict[str, type[Event]]:
    """Every event class by its dotted wire name."""
    return {str(cls.__struct_config__.tag): cls for cls in Event.__subclasses__()}


# NaN and the infinities fail these bounds, so a decoder refuses them and names their path.
PRICE_MAX: Final = 1e12
SIZE_MAX: Final = 1e15
Price = Annotated[float, msgspec.Meta(ge=-PRICE_MAX, le=PRICE_MAX)]
Size = Annotated[float, msgspec.Meta(ge=0, le=SIZE_MAX)]
Unit = Annotated[float, msgspec.Meta(ge=0, le=1)]
TimeNs = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=512)]
NAME_MAX: Final = 128
ACCOUNT_MAX: Final = 64
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
Account = Annotated[str, msgspec.Meta(max_length=ACCOUNT_MAX)]
Side = Literal["BUY", "SELL"]
OPPOSITE: Final[dict[Side, Side]] = {"BUY": "SELL", "SELL": "BUY"}
TEXT_MAX: Final = 512
DIGITS_MAX: Final = 30  # a Decimal beyond this overflows the arithmetic that it enters


class Scope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a halt, a violation or a flatten is about: a part that is empty stands for all.

    `Scope()` is everything; `Scope(account="DU1", symbol="AAPL")` one symbol in one account.
    """

    account: Account = ""
    strategy: Annotated[str, msgspec.Meta(max_length=128)] = ""
    symbol: Annotated[str, msgspec.Meta(max_length=128)] = ""

    def covers(self, account: str, strategy: str | None, symbol: str) -> bool:
        """Whether an order or a position of these three is inside the scope.

        A strategy's scope covers its further instances too: `dip` covers `dip-2`, which
        `tapewire scale dip 2` starts.
        """
        return (
            self.account in ("", account)
            and (self.strategy in ("", strategy) or self._has_instance(strategy or ""))
            and self.symbol in ("", symbol)
        )

    def shares_account(self, other: "Scope") -> bool:
        """Whether both can be about one account."""
        return not self.account or other.account in ("", self.account)

    def _has_instance(self, strategy: str) -> bool:
        base, _, number = strategy.rpartition("-")
        return base == self.strategy and number.isdecimal()

    def __str__(self) -> str:
        named = zip(("account", "strategy", "symbol"), self.parts, strict=True)
        return ", ".join(f"{kind} {part}" for kind, part in named if part) or "everything"

    @property
    def options(self) -> str:
        """The options of the command line that name it, each after a space."""
        named = zip(self.__struct_fields__, self.parts, strict=True)
        return "".join(f" --{name} {part}" for name, part in named if part)

    @property
    def parts(self) -> tuple[str, str, str]:
        """Account, strategy and symbol."""
        return self.account, self.strategy, self.symbol


EVERYTHING: Final = Scope()
"""The scope of all accounts, strategies and symbols."""


def require_finite(of: str, names: tuple[str, ...], *numbers: Decimal | None) -> None:
    """Refuse a Decimal that is NaN, infinite or of an absurd size; the error names it. Every price
    and quantity that is read passes here, so the names are only looked at for an error."""
    for number in numbers:
        if number is None or not isinstance(number, Decimal):
            continue
        # NaN and the infinities have an adjusted exponent of 0, so they are asked about by name.
        if number.is_finite() and -DIGITS_MAX <= number.adjusted() <= DIGITS_MAX:
            continue
        name = next(name for name, one in zip(names, numbers, strict=True) if one is number)
        if not number.is_finite():
            raise ValueError(f"{of}.{name} is {number}; it must be a finite number")
        raise ValueError(
            f"{of}.{name} is {number:.3E}; it may have at most {DIGITS_MAX} digits"
            " before or after the point"
        )


def signed(side: Side, quantity: Decimal) -> Decimal:
    """`quantity` with the sign that it moves a position by."""
    return quantity if side == "BUY" else -quantity
