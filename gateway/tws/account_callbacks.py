"""ibapi's callbacks about all values of accounts, profit and loss, and scans.

What no page of an answer could carry costs its message, as in `query_callbacks`.
"""

from typing import Any, Final

from tapewire.common.events.base import ACCOUNT_MAX, DIGITS_MAX
from tapewire.common.events.scans import RANKED_MAX, ScanRow
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws import query_messages as answers
from tapewire.gateway.tws.checked import amount, named, sentence, words

MONEY_MAX: Final = 10.0 ** (DIGITS_MAX - 1)


class AccountCallbacks:
    """A part of the translator; `_messages` has what was read from one payload."""

    _messages: list[tws.TwsMessage]
    _ranked: tuple[int, list[ScanRow]] = (-1, [])

    def accountUpdateMulti(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        account: str,
        _model: str,
        key: str,
        value: str,
        currency: str,
    ) -> None:
        """73, once per value."""
        found = answers.ListedValue(
            reqId, named("an account", account, ACCOUNT_MAX), words(key), sentence(value),
            words(currency),
        )  # fmt: skip
        self._messages.append(found)

    def accountUpdateMultiEnd(self, reqId: int) -> None:  # noqa: N802, N803
        """74, behind them."""
        self._messages.append(answers.ListedValuesEnd(reqId))

    def pnl(self, reqId: int, daily: float, unrealised: Any, realised: Any) -> None:  # noqa: N803
        """94, when asked for and as it changes."""
        found = answers.ProfitFound(reqId, *map(_money, (daily, unrealised, realised)))
        self._messages.append(found)

    def pnlSingle(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        quantity: float,
        daily: float,
        unrealised: Any,
        realised: Any,
        value: float,
    ) -> None:
        """95, as 94 for a position."""
        amounts = (daily, unrealised, realised, float(quantity), value)
        self._messages.append(answers.ProfitFound(reqId, *map(_money, amounts)))

    def scannerData(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        rank: int,
        details: Any,
        distance: str,
        benchmark: str,
        projection: str,
        legsStr: str,  # noqa: N803
    ) -> None:
        """20, once per contract of one message."""
        if self._ranked[0] != reqId:
            self._ranked = reqId, []
        one = details.contract
        if len(self._ranked[1]) >= RANKED_MAX:
            raise ValueError(f"a scan has more than {RANKED_MAX} contracts")
        texts = (
            one.symbol, one.localSymbol, one.secType, one.exchange, one.currency,
            one.lastTradeDateOrContractMonth, str(one.strike or ""), one.right, distance,
            benchmark, projection, legsStr,
        )  # fmt: skip
        self._ranked[1].append(ScanRow(rank, one.conId, *map(words, texts)))

    def scannerDataEnd(self, reqId: int) -> None:  # noqa: N802, N803
        """20, behind its contracts."""
        request_id, rows = self._ranked
        self.forget_ranked()
        found = tuple(rows) if request_id == reqId else ()
        self._messages.append(answers.Ranked(reqId, found))

    def forget_ranked(self) -> None:
        """Their message cannot be read to its end."""
        self._ranked = -1, []


def _money(value: float | None) -> Any:
    """An amount, None where TWS does not say it; one that nobody could add up is refused."""
    found = None if value is None else amount(value)
    if found is not None and abs(found) > MONEY_MAX:
        raise ValueError(f"{value} was found where an amount of money was expected")
    return found
