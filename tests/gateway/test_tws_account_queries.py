"""Account values, profit and loss at TWS: each account and position by a question of its own."""

from decimal import Decimal

import pytest

from tapewire.common.events.account_queries import AccountQuery, AccountRow, PnlRow
from tapewire.gateway.query_port import Found, ProfitAsked, Refused
from tapewire.gateway.tws.account_queries import REQUEST_ID
from tapewire.gateway.tws.messages import Undecodable
from tapewire.gateway.tws.queries import LOST, TwsQueries
from tapewire.gateway.tws.query_messages import ProfitFound
from tapewire.gateway.tws.translate import Translator
from tests.gateway.tws_bench import Bench

FIRST, SECOND = str(REQUEST_ID + 1), str(REQUEST_ID + 2)
UNSET = "1.7976931348623157E308"
BOTH = ProfitAsked((("DU1", ""), ("DU1", "AAPL")))


@pytest.fixture
def bench() -> Bench:
    return Bench(accounts=("DU1", "DU2"))


@pytest.fixture
def queries(bench: Bench) -> TwsQueries:
    return bench.broker.queries


def value(request_id: str, account: str, *fields: str) -> list[str]:
    return ["73", "1", request_id, account, "", *fields]


def test_all_accounts_are_asked_about_and_each_question_ends_with_its_answer(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, AccountQuery("q"))
    assert bench.flush() == [
        ["76", "1", FIRST, "DU1", "", "0"], ["76", "1", SECOND, "DU2", "", "0"],
    ]  # fmt: skip
    bench.receive(value(FIRST, "DU1", "CashBalance", "12.5", "EUR"), ["74", "1", FIRST])
    bench.receive(value(SECOND, "DU2", "AccountReady", "true", ""))
    bench.receive(value(SECOND, "DU1", "Cushion", "1", ""))
    assert queries.take() == [
        Found(1, (AccountRow("DU1", "CashBalance", "12.5", "EUR"),)),
        Found(1, ()),
        Found(1, (AccountRow("DU2", "AccountReady", "true"),)),
    ]
    bench.receive(["74", "1", SECOND])
    assert queries.take() == [Found(1, (), last=True)]
    assert bench.flush() == [["77", "1", FIRST], ["77", "1", SECOND]]


def test_what_comes_after_the_end_or_for_an_id_that_nobody_asked_is_dropped(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, AccountQuery("q", "DU1"))
    bench.receive(["74", "1", FIRST], ["74", "1", FIRST])
    assert len(queries.take()) == 1
    bench.receive(value(FIRST, "DU1", "Cushion", "1", ""), value("17", "DU1", "Cushion", "1", ""))
    bench.receive(["94", "17", "1", "2", "3"], ["74", "1", "17"])
    assert queries.take() == []


def test_gains_of_an_account_and_of_a_position_are_read(bench: Bench, queries: TwsQueries):
    queries.ask(1, BOTH)
    assert bench.flush() == [["92", FIRST, "DU1", ""], ["94", SECOND, "DU1", "", "1001"]]
    bench.receive(["94", FIRST, "-1.25", UNSET, "0.1"], ["94", FIRST, "-2", "0", "0"])
    bench.receive(["95", SECOND, "10", "5", "6.5", UNSET, "1500.5"])
    assert queries.take() == [
        Found(1, (PnlRow("DU1", "", Decimal("-1.25"), None, Decimal("0.1")),)),
        Found(
            1,
            (
                PnlRow(
                    "DU1", "AAPL", Decimal(5), Decimal("6.5"), None, Decimal(10),
                    Decimal("1500.5"),
                ),
            ),
            last=True,
        ),
    ]  # fmt: skip
    assert bench.flush() == [["93", FIRST], ["95", SECOND]]


def test_a_position_that_tws_refuses_has_a_row_that_says_why(bench: Bench, queries: TwsQueries):
    queries.ask(1, BOTH)
    bench.receive(["4", "2", SECOND, "321", "Invalid contract id"])
    bench.receive(["94", FIRST, "1", "2", "3"])
    refused, _ = queries.take()
    assert refused.rows == (PnlRow("DU1", "AAPL", reason="Invalid contract id (321)"),)


def test_an_account_that_tws_refuses_ends_the_query_and_its_other_questions(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, BOTH)
    bench.flush()
    bench.receive(["4", "2", FIRST, "321", "Invalid account"])
    assert queries.take() == [Refused(1, 321, "Invalid account")]
    assert bench.flush() == [["95", SECOND]]


def test_what_is_held_and_not_named_by_tws_yet_cannot_be_asked_about(
    bench: Bench, queries: TwsQueries
):
    with pytest.raises(ValueError, match="TWS has not given the contract id of XYZ yet"):
        queries.ask(1, ProfitAsked((("DU1", ""), ("DU1", "XYZ"))))
    assert bench.flush() == []


def test_given_up_or_with_the_connection_lost_a_query_is_over(bench: Bench, queries: TwsQueries):
    queries.ask(1, BOTH)
    queries.ask(2, AccountQuery("q", "DU1"))
    bench.flush()
    queries.give_up(1)
    assert bench.flush() == [["93", FIRST], ["95", SECOND]]
    bench.lose()
    assert queries.take() == [Refused(2, 0, LOST, "lost")]


@pytest.mark.parametrize(
    "fields",
    [
        ["94", "1", "1e300", "0", "0"], ["73", "1", "1", "D" * 65, "", "Key", "1", ""],
        ["73", "1", "1", "DU1", "", "Ke\x07y", "1", ""],
        ["73", "1", "1", "DU1", "", "Key", "\x1b[2J", ""],
    ],
)  # fmt: skip
def test_what_nobody_could_add_up_or_read_costs_its_message(fields: list[str]):
    (found,) = Translator(157).read("\0".join([*fields, ""]).encode())
    assert isinstance(found, Undecodable)


def test_a_position_may_be_a_fraction_since_version_163():
    payload = "\0".join(["95", "1", "10.5", "0", "0", "0", "1575", ""]).encode()
    (found,) = Translator(178).read(payload)
    assert isinstance(found, ProfitFound)
    assert found.quantity == Decimal("10.5")


def test_gains_end_no_question_about_values_and_values_none_about_gains(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, ProfitAsked((("DU1", ""),)))
    queries.ask(2, AccountQuery("q", "DU1"))
    bench.receive(["74", "1", FIRST], value(FIRST, "DU1", "Cushion", "1", ""))
    bench.receive(["94", SECOND, "1", "2", "3"])
    assert queries.take() == []
    assert len(bench.gateway.complaints) == 3
    bench.receive(["94", FIRST, "1", "2", "3"], ["74", "1", SECOND])
    assert [one.last for one in queries.take()] == [True, True]
