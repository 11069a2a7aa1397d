"""The tables of docs/simulator.md: what the simulated exchange takes, asks and charges."""

from collections.abc import Mapping
from decimal import Decimal

from tapewire.simulator.exchange import commissions as tariffs
from tapewire.simulator.exchange import margin
from tapewire.simulator.exchange.order_types import KINDS, TypeRules
from tapewire.simulator.faults.catalogue import FAULTS, parameters_of
from tapewire.simulator.faults.kinds import Fault
from tapewire.simulator.projectx import faults as projectx


def faults() -> str:
    """Each fault of the simulated TWS."""
    return _faults(FAULTS, "TWS")


def projectx_faults() -> str:
    """Each fault of the simulated ProjectX Gateway."""
    return _faults(projectx.FAULTS, "the Gateway")


def _faults(catalogue: Mapping[str, type[Fault]], whose: str) -> str:
    """Each fault with its parameters, what it does, and what a client should do."""
    rows = [
        f"| `{name}` | {', '.join(f'`{one}`' for one in parameters_of(kind))} | {kind.does} |"
        f" {kind.advice} |"
        for name, kind in catalogue.items()
    ]
    head = [
        f"| fault | parameters | what {whose} does | what a client should do |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def order_types() -> str:
    """The order types of the simulated exchange."""
    needs = {"no": "", "may": "if wanted", "must": "yes"}
    rows = [
        f"| `{name}` | {needs[one.limit]} | {_second_price(one)} | {one.does} |"
        for name, one in KINDS.items()
    ]
    return "\n".join(
        ["| type | limit | `auxPrice` | what it does |", "|---|---|---|---|", *rows, ""]
    )


def _second_price(kind: TypeRules) -> str:
    if kind.aux == "no":
        return ""
    name = {"stop": "its stop price", "trail": "the trailing amount", "offset": "an offset"}
    touched = "the price to be touched" if kind.waits == "touch" else name[kind.means]
    return touched if kind.aux == "must" else f"{touched}, if wanted"


def margins() -> str:
    """The margin of each kind of contract."""
    rows = [f"| `{kind}` | {_percent(of.initial)} | {_percent(of.maintenance)} |"
            for kind, of in margin.RATES.items()]  # fmt: skip
    rows += [f"| {product} | {of.initial:,f} per contract | {of.maintenance:,f} per contract |"
             for product, of in margin.FUTURES.items()]  # fmt: skip
    rows.append(
        f"| all others | {_percent(margin.FULL.initial)} | {_percent(margin.FULL.maintenance)} |"
    )
    return "\n".join(
        ["| contract | initial margin | maintenance margin |", "|---|---|---|", *rows, ""]
    )


def _percent(rate: Decimal) -> str:
    return f"{rate * 100:.0f} % of its value"


def commissions() -> str:
    """What each kind of contract costs."""
    rows = [f"| {product} | {cost:f} per contract |" for product, cost in tariffs.FUTURES.items()]
    rows.append(f"| other `FUT` | {tariffs.OTHER_FUTURES:f} per contract |")
    tiers = ", ".join(
        f"{cost:f} from a premium of {least:f}" for least, cost in tariffs.OPTION_TIERS
    )
    rows.append(f"| `OPT` | {tiers}, per contract{_bounds(tariffs.TARIFFS['OPT'])} |")
    for kind in ("STK", "CRYPTO", "CASH"):
        tariff = tariffs.TARIFFS[kind]
        rate = f"{tariff.per_unit:f} per unit" if tariff.per_unit else (
            f"{tariff.of_notional * 100:f} % of the value")  # fmt: skip
        rows.append(f"| `{kind}` | {rate}{_bounds(tariff)} |")
    return "\n".join(["| contract | commission |", "|---|---|", *rows, ""])


def _bounds(tariff: tariffs.Tariff) -> str:
    least = f", at least {tariff.minimum:f} per order" if tariff.minimum else ""
    cap = tariff.cap_of_notional
    return least + (f", at most {cap * 100:.0f} % of the value" if cap else "")
