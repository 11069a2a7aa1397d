"""All families of requests of one TWS, made from its parts."""

import msgspec

from tapewire.simulator.answers.depth import Depth
from tapewire.simulator.answers.family import Answers
from tapewire.simulator.answers.generic_ticks import GenericTicks
from tapewire.simulator.answers.history import HistoryAnswers
from tapewire.simulator.answers.live_bars import LiveBars
from tapewire.simulator.answers.lookups import Lookups
from tapewire.simulator.answers.market_data import MarketDataAnswers
from tapewire.simulator.answers.news import News
from tapewire.simulator.answers.options import OptionAnswers
from tapewire.simulator.answers.profit import ProfitAnswers
from tapewire.simulator.answers.scanner import Scanner
from tapewire.simulator.answers.watchers import Watchers
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.market.feed import Feed
from tapewire.simulator.market.history import History
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.reports import Reports


class Sources(msgspec.Struct, kw_only=True, frozen=True):
    """What the answers come from."""

    contracts: Contracts
    exchange: Exchange
    accounts: Accounts
    feed: Feed
    history: History
    hours: Hours
    profit: ProfitAnswers
    reports: Reports
    watchers: Watchers
    outbox: Outbox


def answers_from(of: Sources, *, is_paced: bool) -> Answers:
    """The families that answer from these sources; history `is_paced` as TWS paces it or not."""
    contracts, exchange, history, outbox = of.contracts, of.exchange, of.history, of.outbox
    live = LiveBars(contracts, history, of.hours, outbox)
    past = HistoryAnswers(contracts, history, of.hours, live, outbox, is_paced=is_paced)
    news = News(contracts, outbox)
    generic = GenericTicks(contracts, exchange, history, news, of.watchers, outbox)
    return Answers(
        [
            Lookups(contracts, tuple(of.accounts.books), outbox),
            MarketDataAnswers(of.feed, generic, past, history, outbox),
            generic,
            past,
            live,
            news,
            Depth(contracts, exchange, history, of.watchers, outbox),
            Scanner(contracts, history, outbox),
            OptionAnswers(contracts, exchange, of.accounts, of.reports.moved, outbox),
            of.profit,
        ]
    )
