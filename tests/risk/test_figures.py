"""What Prometheus is shown of risk: each currency by itself, and nothing that is not known."""

from decimal import Decimal

from prometheus_client import CollectorRegistry, generate_latest

from tapewire.common.events import Commission, FlattenCompleted, FlattenStarted, RiskHalted, Scope
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.metrics import Metrics
from tapewire.common.runtime.prometheus import SERIES_MAX, PrometheusView
from tapewire.risk import figures
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import AAPL, NOW, T0, book, entry, fill, foreign, held, order
from tests.risk.test_publishing import Listener

SAP = Instrument(symbol="SAP", currency="EUR")


class Scraped:
    """A monitor, and what a scrape of it gives."""

    def __init__(self, *entries: object) -> None:
        rules = book(*(entries or (entry(limit=100),)))
        self.monitor = RiskMonitor(rules, [AAPL, SAP])
        self.metrics = Metrics()
        figures.watch(self.metrics, self.monitor, lambda: self.monitor.trading)
        self._number = 0

    def trade(self, symbol: str, quantity: int, price: int, account: str = "DU1") -> "Scraped":
        self._number += 1
        side = "BUY" if quantity > 0 else "SELL"
        one = order(f"o{self._number}", side, symbol=symbol, account=account)
        exec_id = f"e{self._number}"
        self.monitor.on_broker(fill(one, abs(quantity), exec_id, price=Decimal(price)))
        currency = "EUR" if symbol == "SAP" else "USD"
        self.monitor.on_broker(Commission(T0, account, exec_id, Decimal(1), currency))
        return self

    def checked(self) -> "Scraped":
        self.monitor.check(NOW, timer=True)
        return self

    def series(self, name: str) -> dict[tuple[str, ...], float]:
        """The values of a metric by its labels' values, the process left out."""
        view = PrometheusView(self.metrics, "risk")
        (found,) = [one for one in view.collect() if one.name == f"tapewire_{name}"]
        return {
            tuple(v for k, v in sample.labels.items() if k != "process"): sample.value
            for sample in found.samples
        }


def test_profits_of_two_currencies_and_accounts_are_not_added_up():
    one = Scraped().trade("AAPL", 10, 100).trade("AAPL", -10, 103)
    one.trade("SAP", 10, 50).trade("SAP", -10, 48).trade("AAPL", -2, 9, account="DU2")
    assert one.series("realised_pnl") == {
        ("DU1", "USD"): 30, ("DU1", "EUR"): -20, ("DU2", "USD"): 0,
    }  # fmt: skip
    assert one.series("commission") == {
        ("DU1", "USD"): 2, ("DU1", "EUR"): 2, ("DU2", "USD"): 1,
    }  # fmt: skip
    assert one.series("day_realised_pnl") == {("DU2", "USD"): 0}, "DU1 has two currencies"


def test_what_positions_make_is_missing_while_one_of_them_has_no_price():
    one = Scraped().trade("AAPL", 10, 100).trade("SAP", 10, 50)
    one.monitor.accounts.book.mark("AAPL", Decimal(102))
    assert one.series("unrealised_pnl") == {("DU1", "USD"): 20}
    assert one.series("positions_unpriced") == {("DU1",): 1}
    one.monitor.accounts.book.mark("SAP", Decimal(51))
    assert one.series("unrealised_pnl") == {("DU1", "USD"): 20, ("DU1", "EUR"): 10}
    assert one.series("positions_unpriced") == {("DU1",): 0}


def test_a_position_that_was_closed_is_0_and_one_that_only_the_broker_knows_is_there():
    one = Scraped().trade("AAPL", 10, 100).trade("AAPL", -10, 103)
    one.monitor.on_broker(held(7, "SAP"))
    assert one.series("position") == {("DU1", "AAPL"): 0, ("DU1", "SAP"): 7}


def test_the_state_of_trading_is_1_and_the_others_0():
    one = Scraped()
    assert one.series("trading_state") == {("ACTIVE",): 1, ("REDUCING",): 0, ("HALTED",): 0}
    one.monitor.apply(RiskHalted(T0, Scope(), "x"))
    assert one.series("trading_state")["HALTED",] == 1
    assert one.series("halts") == {(): 1}


def test_flattens_in_progress_are_counted():
    one = Scraped()
    for account in ("DU1", "DU2"):
        one.monitor.apply(FlattenStarted(T0, Scope(account), "x"))
    one.monitor.apply(FlattenCompleted(T0, Scope("DU1")))
    assert one.series("flattens") == {(): 1}


def test_headroom_is_shown_as_a_share_and_of_two_rules_of_one_name_the_one_used_most():
    one = Scraped(entry(limit=100), entry(limit=20)).trade("AAPL", 15, 100).checked()
    labels = ("MaxContractsPerInstrument", "DU1", "AAPL", "contracts")
    assert one.series("risk_used") == {labels: 15}
    assert one.series("risk_limit") == {labels: 20}
    assert one.series("risk_headroom") == {labels: 5}
    assert one.series("risk_used_ratio") == {labels: 0.75}
    assert one.series("risk_unknown") == {labels: 0}


def test_what_is_used_of_a_limit_and_not_known_is_missing_and_reported_as_that():
    one = Scraped(entry("UnrealizedLoss", limit=100)).trade("AAPL", 10, 100).checked()
    (labels,) = one.series("risk_unknown")
    assert labels[:3] == ("UnrealizedLoss", "DU1", "AAPL")
    assert one.series("risk_unknown") == {labels: 1}
    assert one.series("risk_used") == one.series("risk_used_ratio") == {}
    assert one.series("risk_headroom") == {}
    assert one.series("risk_limit") == {labels: 100}


def test_orders_of_others_are_counted():
    one = Scraped()
    one.monitor.on_broker(foreign(1))
    assert one.series("foreign_orders") == {(): 1}


def test_no_more_series_are_shown_than_a_page_can_have_and_the_rest_is_counted():
    metrics = Metrics()
    metrics.show("position", ("symbol",), lambda: {(f"S{n}",): n for n in range(SERIES_MAX + 5)})
    shown = {one.name: one.samples for one in PrometheusView(metrics, "risk").collect()}
    assert len(shown["tapewire_position"]) == SERIES_MAX
    (omitted,) = shown["tapewire_series_omitted"]
    assert (omitted.labels["label"], omitted.value) == ("position", 5)


def test_a_dict_that_changes_while_it_is_read_costs_no_page():
    metrics, answers = Metrics(), iter([RuntimeError("dictionary changed size"), {("x",): 1.0}])

    def read() -> dict[tuple[str, ...], float]:
        found = next(answers)
        if isinstance(found, RuntimeError):
            raise found
        return found

    metrics.show("position", ("symbol",), read)
    registry = CollectorRegistry()
    registry.register(PrometheusView(metrics, "risk"))
    assert b'tapewire_position{process="risk",symbol="x"} 1.0' in generate_latest(registry)


def test_violations_are_counted_by_their_rule():
    one = Listener().broker(fill(order(), 101, "e1")).turn(0.3).turn(0.3)
    counted = one.risk.service.metrics.counters["risk_violations", "MaxContractsPerInstrument"]
    assert counted == 1, "it lasts, and is one violation"
