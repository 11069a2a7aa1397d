"""The messages that TWS sends, each as a list of text fields for a given server version.

Field order and version steps are those that public clients read (ibapi, ib_async), checked
against recordings of a real TWS. `frame` makes the bytes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from tapewire.common.amounts import text
from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.instruments import Instrument
from tapewire.common.options import root_of
from tapewire.common.shorthands import FUTURE
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.exchange.contracts import Chain
from tapewire.simulator.exchange.order_types import KINDS, TIMES_IN_FORCE
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.exchange.values import Value
from tapewire.simulator.protocol.describing import (
    branch_of,
    rules_text,
    underlying_of,
    valid_exchanges,
)

Fields = list[str]
UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"
NO_ID = -1
BBO_EXCHANGE = "9c0001"
"""What stands for the exchanges behind SMART, until somebody asks for them by it."""


def frame(fields: Sequence[str]) -> bytes:
    """The fields as bytes: the length, then NUL-ended ASCII (other text is escaped)."""
    body = ("\0".join(fields) + "\0").encode("ascii", "backslashreplace")
    return len(body).to_bytes(4, "big") + body


def clock_text(now_ns: int) -> str:
    """Date and time as TWS writes it, always in UTC."""
    return f"{datetime.fromtimestamp(now_ns // 1_000_000_000, UTC):%Y%m%d %H:%M:%S} UTC"


def multiplier_text(instrument: Instrument) -> str:
    """A contract's multiplier as TWS writes it: empty for 1."""
    return "" if instrument.multiplier == 1 else text(instrument.multiplier)


def price_text(price: Decimal | None) -> str:
    """An order's price as TWS writes it: 0.0 where the order has none."""
    return "0.0" if price is None else text(price)


def optional_price_text(price: Decimal | None) -> str:
    """A price that few orders have, as TWS writes it: empty where there is none."""
    return "" if price is None else text(price)


def time_text(at_ns: int | None) -> str:
    """A time that an order has, or has not."""
    return "" if at_ns is None else clock_text(at_ns)


def underlying_text(instrument: Instrument) -> str:
    """A contract's symbol as TWS writes it: an option's is that of its underlying."""
    return instrument.underlying or instrument.symbol


def strike_text(instrument: Instrument) -> str:
    """A contract's strike as TWS writes it: 0 where it has none."""
    return "0" if instrument.strike is None else text(instrument.strike)


def class_text(instrument: Instrument) -> str:
    """A contract's trading class: the root of an option's name, a future's underlying."""
    if instrument.sec_type == FUTURE:
        return underlying_text(instrument)
    return root_of(instrument) if instrument.right else instrument.symbol


def contract(instrument: Instrument) -> Fields:
    """The eleven contract fields that orders and executions carry."""
    return [
        str(instrument.con_id),
        underlying_text(instrument),
        instrument.sec_type,
        instrument.expiry,
        strike_text(instrument),
        instrument.right,
        multiplier_text(instrument),
        instrument.exchange,
        instrument.currency,
        instrument.symbol,
        class_text(instrument),
    ]


def error(version: int, req_id: int, code: int, message: str) -> Fields:
    """An error or notice (4); `req_id` -1: about no request."""
    fields = ["4", "2", str(req_id), str(code), message]
    return [*fields, ""] if version >= 166 else fields  # advancedOrderRejectJson


def identity(nonce: str) -> Fields:
    """The nonce of the group's own simulator; a real TWS has no such message."""
    return [IDENTIFY, nonce]


def next_valid_id(order_id: int) -> Fields:
    """The lowest order id the client may use (9)."""
    return ["9", "1", str(order_id)]


def managed_accounts(accounts: str) -> Fields:
    """The accounts of this login (15), separated by commas."""
    return ["15", "1", accounts]


def current_time(now_ns: int) -> Fields:
    """The time in whole seconds (49)."""
    return ["49", "1", str(now_ns // 1_000_000_000)]


def tick_req_params(req_id: int, instrument: Instrument) -> Fields:
    """A market data line's tick size and permissions (81)."""
    exchanges = BBO_EXCHANGE if instrument.exchange == "SMART" else ""
    return ["81", str(req_id), text(instrument.min_tick), exchanges, "3"]


def market_data_type(req_id: int, kind: int) -> Fields:
    """The kind of data on a line (58): 1 is live."""
    return ["58", "1", str(req_id), str(kind)]


def option_computation(version: int, req_id: int, kind: str, values: Sequence[str]) -> Fields:
    """Greeks of an option (21): volatility, delta, price, dividends, gamma, vega, theta and the
    price of the underlying, of the tick type `kind`."""
    if version < 156:
        return ["21", "6", str(req_id), kind, *values]
    return ["21", str(req_id), kind, "1", *values]  # 1: of prices, not of returns


def tick_price(req_id: int, kind: str, price: str) -> Fields:
    """A price of a market data line that is not a quote (1)."""
    return ["1", "6", str(req_id), kind, price, "0", "0"]


def tick_generic(req_id: int, kind: str, value: str) -> Fields:
    """A number of a market data line (45)."""
    return ["45", "6", str(req_id), kind, value]


def tick_string(req_id: int, kind: str, value: str) -> Fields:
    """A text of a market data line (46)."""
    return ["46", "6", str(req_id), kind, value]


def tick_snapshot_end(req_id: int) -> Fields:
    """A snapshot is complete (57)."""
    return ["57", "1", str(req_id)]


def order_status(order: Order) -> Fields:
    """An order's current status (3)."""
    return [
        "3",
        str(order.order_id),
        order.status,
        text(order.filled),
        text(order.remaining),
        text(order.average_price),
        str(order.perm_id),
        str(order.parent_id),
        text(order.last_price),
        str(order.client_id),
        order.why_held,
        "0",  # mktCapPrice
    ]


def execution(version: int, req_id: int, one: Execution) -> Fields:
    """execDetails (11); `req_id` is -1 for an execution that just happened."""
    order = one.order
    fields = [
        "11",
        str(req_id),
        str(order.order_id),
        *contract(order.instrument),
        one.exec_id,
        clock_text(one.ts_ns),
        order.account,
        order.instrument.exchange,
        "BOT" if order.side == "BUY" else "SLD",
        text(one.shares),
        text(one.price),
        str(order.perm_id),
        str(order.client_id),
        "0",  # liquidation
        text(one.cumulative),
        text(one.average_price),
        order.order_ref,
        "",  # evRule
        "",  # evMultiplier
        "",  # modelCode
        "1" if one.is_passive else "2",  # added or removed liquidity
    ]
    return [*fields, "0"] if version >= 178 else fields  # pendingPriceRevision


def execution_end(req_id: int) -> Fields:
    """The end of the requested executions (55)."""
    return ["55", "1", str(req_id)]


def commission_report(one: Execution, realised: Decimal | None) -> Fields:
    """An execution's commission (59); realised P&L is gross, unset if it closed nothing."""
    pnl = UNSET_DOUBLE if realised is None else text(realised)
    currency = one.order.instrument.currency
    return ["59", "1", one.exec_id, text(one.commission), currency, pnl, "", ""]


def open_order_end() -> Fields:
    """The end of the open orders (53)."""
    return ["53", "1"]


def completed_orders_end() -> Fields:
    """The end of the completed orders (102)."""
    return ["102"]


def hours_text(stretches: Sequence[tuple[int, int]]) -> str:
    """Hours as TWS writes them, here in UTC: each with its days, to the minute."""
    moments = (
        "-".join(f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y%m%d:%H%M}" for ns in one)
        for one in stretches
    )
    return ";".join(moments)


def market_rule(rule: int, steps: Sequence[tuple[Decimal, Decimal]]) -> Fields:
    """A market rule (93): from which price on prices have which step."""
    return ["93", str(rule), str(len(steps)), *(text(one) for step in steps for one in step)]


def contract_details(
    version: int,
    req_id: int,
    instrument: Instrument,
    rule: int | None = None,
    trading: Sequence[tuple[int, int]] = (),
    regular: Sequence[tuple[int, int]] = (),
    underlying_id: int = 0,
) -> Fields:
    """One instrument in full (10), with the market rule that its prices follow, its hours, and the
    contract id of its underlying."""
    old = version < 164
    return [
        "10",
        *(["8"] if old else []),
        str(req_id),
        underlying_text(instrument),
        instrument.sec_type,
        instrument.expiry,
        strike_text(instrument),
        instrument.right,
        instrument.exchange,
        instrument.currency,
        instrument.symbol,  # localSymbol
        class_text(instrument),  # marketName
        class_text(instrument),  # tradingClass
        str(instrument.con_id),
        text(instrument.min_tick),
        *(["1"] if old else []),  # mdSizeMultiplier
        multiplier_text(instrument),
        ",".join(sorted(one.replace(" ", "") for one in (*KINDS, *TIMES_IN_FORCE))),
        ",".join(valid_exchanges(instrument)),
        "1",  # priceMagnifier
        str(underlying_id),
        f"{instrument.symbol} (simulated)",
        "" if instrument.exchange == "SMART" else instrument.exchange,
        instrument.expiry[:6],  # contractMonth
        *branch_of(instrument),
        *("UTC", hours_text(trading), hours_text(regular)),
        *("", "0"),  # evRule, evMultiplier
        "0",  # secIdList
        "1",  # aggGroup
        *underlying_of(instrument),
        rules_text(instrument, rule),
        instrument.expiry,  # realExpirationDate
        "COMMON" if instrument.sec_type == "STK" else "",
        *_order_sizes(version, instrument),
    ]


def _order_sizes(version: int, instrument: Instrument) -> Fields:
    """The minimum size; later versions add the increment and the suggested increment."""
    smallest = "0.00000001" if instrument.sec_type == "CRYPTO" else "1"
    count = 3 if version >= 164 else 1 if version == 163 else 0
    return [smallest] * count


def option_chain(req_id: int, underlying_id: int, chain: Chain) -> Fields:
    """The expiries and strikes of options of one class (75)."""
    return [
        "75",
        str(req_id),
        chain.exchange,
        str(underlying_id),
        chain.trading_class,
        text(chain.multiplier),
        str(len(chain.expiries)),
        *chain.expiries,
        str(len(chain.strikes)),
        *(text(strike) for strike in chain.strikes),
    ]


def option_chains_end(req_id: int) -> Fields:
    """The end of the chains (76)."""
    return ["76", str(req_id)]


def contract_details_end(req_id: int) -> Fields:
    """The end of the matching instruments (52)."""
    return ["52", "1", str(req_id)]


def position(account: str, holding: Holding) -> Fields:
    """One position (61); its cost is the average price times the multiplier."""
    quantity, cost = text(holding.quantity), text(holding.average_cost)
    return ["61", "3", account, *contract(holding.instrument), quantity, cost]


def position_end() -> Fields:
    """The end of the positions (62)."""
    return ["62", "1"]


def account_value(account: str, value: Value) -> Fields:
    """One of an account's values (6)."""
    return ["6", "2", *value, account]


def portfolio_value(account: str, holding: Holding, mark: Decimal | None) -> Fields:
    """One holding, valued at `mark` or else at cost (7)."""
    instrument = holding.instrument
    price = mark if mark is not None else holding.average_price
    fields = contract(instrument)
    fields[7] = "" if instrument.exchange == "SMART" else instrument.exchange
    return [
        "7",
        "8",
        *fields,
        text(holding.quantity),
        text(price),
        text(holding.quantity * price * instrument.multiplier),
        text(holding.average_cost),
        text(holding.unrealised(mark)),
        text(holding.realised),
        account,
    ]


def account_time(now_ns: int) -> Fields:
    """When account values were last updated (8)."""
    return ["8", "1", f"{datetime.fromtimestamp(now_ns // 1_000_000_000, UTC):%H:%M}"]


def account_download_end(account: str) -> Fields:
    """The end of an account's values (54)."""
    return ["54", "1", account]


def account_summary(req_id: int, account: str, value: Value) -> Fields:
    """One of the values of an account summary (63)."""
    return ["63", "1", str(req_id), account, *value]


def account_summary_end(req_id: int) -> Fields:
    """The end of an account summary (64)."""
    return ["64", "1", str(req_id)]


def account_update_multi(req_id: int, account: str, model: str, value: Value) -> Fields:
    """One value of an account and model (73)."""
    return ["73", "1", str(req_id), account, model, *value]


def account_update_multi_end(req_id: int) -> Fields:
    """The end of the values of accounts and models (74)."""
    return ["74", "1", str(req_id)]
