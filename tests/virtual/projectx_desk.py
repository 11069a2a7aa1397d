"""A virtual group that trades at ProjectX, beside TWS or alone, and what a person does in it."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.gateways import LoginConfig
from tapewire.common.config.settings import (
    Config,
    InstrumentConfig,
    RiskConfig,
    RuleConfig,
    StrategyConfig,
)
from tapewire.common.events import Event, OrderIntended
from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.network import NetworkFaults
from tapewire.virtual.world import SECOND_NS, World
from tests.virtual.desk import Person

START_NS = 1_700_000_000 * SECOND_NS
PX, TWS = "1001", "DU1000001"
OF = {"px": PX, "tws": TWS}
MNQ = "MNQZ6"
CONTRACT = "CON.F.US.MNQ.Z26"
INSTRUMENTS = (
    InstrumentConfig(
        symbol=MNQ, sec_type="FUT", exchange="CME", multiplier=Decimal(2),
        min_tick=Decimal("0.25"),
    ),
)  # fmt: skip


def trader(name: str, account: str, every: int, until_ns: int = 2**62) -> StrategyConfig:
    """A strategy that trades, modifies and cancels."""
    return StrategyConfig(
        name=name, strategy="tests.simulation.trader:Trader", account=account, symbols=(MNQ,),
        parameters={"every": every, "until_ns": until_ns, "tif": "GTC"},
    )  # fmt: skip


def configuration(
    *rules: RuleConfig,
    strategies: tuple[StrategyConfig, ...] = (),
    both: bool = False,
    accounts: tuple[str, ...] = (PX,),
) -> Config:
    """A login at ProjectX, and with `both` one at TWS beside it."""
    logins = [LoginConfig(name="px", kind="projectx", accounts=accounts, user="trader")]
    if both:
        logins.append(LoginConfig(name="tws", port=4000, accounts=(TWS,)))
    return Config(
        gateways=tuple(logins), instruments=INSTRUMENTS, strategies=strategies,
        risk=RiskConfig(rules=rules),
    )  # fmt: skip


def moving(per_s: float) -> Iterator[Row]:
    """A market whose price moves by so much each second, with four quotes in one."""
    for number in count():
        bid = 2500 + Decimal(round(per_s * number)) / 4
        at_ns = START_NS + number * SECOND_NS // 4
        size = str(100 + number % 2)
        yield Row(at_ns, MNQ, str(bid), str(bid + Decimal("0.25")), size, size, None, None)


class Desk(Person):
    """A world, what its broker has, and a stranger's hand at the Gateway."""

    def __init__(
        self, config: Config, *, faults: NetworkFaults | None = None,
        market: Iterator[Row] | None = None,
    ) -> None:  # fmt: skip
        first, other = (SyntheticMarket(config.all_instruments(), seed, 5) for seed in (1, 2))
        self.world = World(
            config, market or first, start_ns=START_NS, markets={"tws": other}, faults=faults
        )

        px = self.world.brokers["px"]
        px.server.gateway._venue.begin(START_NS)  # type: ignore[union-attr] # a stranger watches
        px.work()

    def held(self, login: str = "px") -> Decimal:
        """What the account holds, by the broker's own books."""
        broker = broker_of(self.world.brokers[login].server.books())
        return broker.positions.get((OF[login], MNQ), Decimal(0))

    def known(self, account: str = PX) -> Decimal:
        """What risk knows of it."""
        return self.risk().monitor.accounts.book.quantity(account, MNQ)

    def events(self, role: str, kind: type[Event]) -> list[Event]:
        """What a process has journaled of a kind."""
        return [one for one in self.world.events(role) if isinstance(one, kind)]

    def orders(self, login: str = "px") -> list[OrderIntended]:
        """The orders that the login's gateway has taken."""
        role = roles.of_login(roles.GATEWAY, login)
        return [one for one in self.events(role, OrderIntended) if isinstance(one, OrderIntended)]

    def stranger(self, side: int = 0, size: int = 1, **terms: object) -> dict[str, object]:
        """Somebody trades by another program, at the Gateway's own endpoint."""
        server = self.world.brokers["px"].server
        endpoint = server.gateway._venue.endpoints["/Order/place"]  # type: ignore[union-attr]
        found = endpoint(
            {"accountId": int(PX), "contractId": CONTRACT, "type": 2, "side": side, "size": size,
             **terms}
        )  # fmt: skip
        self.world.brokers["px"].work()
        return found

    def inject(self, what: str, **given: object) -> None:
        """A fault of the Gateway."""
        faults = self.world.brokers["px"].server.faults  # type: ignore[union-attr]
        faults.arm_as({"what": what, **given})
        self.world.brokers["px"].work()
