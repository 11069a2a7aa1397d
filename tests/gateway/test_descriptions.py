"""Instruments as the broker describes them: asked for gently, told once, and held against ours."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import Event, InstrumentDescribed, OpenHours, PriceStep
from tapewire.common.instruments import Instrument
from tapewire.gateway.descriptions import Descriptions
from tapewire.simulator.protocol import messages
from tests.gateway.fake_broker import FakeBroker
from tests.gateway.tws_bench import Bench, names, submit
from tests.gateway.tws_messages import AAPL, INSTRUMENTS, MSFT, SECOND, T0
from tests.keeping import checkpoint

D = Decimal
HOURS = [(T0 // (60 * SECOND) * 60 * SECOND, T0 // (60 * SECOND) * 60 * SECOND + 3600 * SECOND)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def asked(bench: Bench) -> list[str]:
    """What TWS is asked about while the gateway trades, in order."""
    bench.flush()
    return [f"rule {f[1]}" if f[0] == "91" else f[2] for f in bench.details]


def answer(bench: Bench, instrument: Instrument, rule: int | None = None, **more) -> list[Event]:
    """TWS's answer to the newest question; the events of a turn a while later."""
    request_id = next(f[2] for f in reversed(bench.details) if f[0] == "9")
    told = messages.contract_details(157, int(request_id), instrument, rule, **more)
    assert bench.receive(told) == []
    return bench.pass_s(0.25)


def test_one_instrument_is_asked_about_at_a_time(bench: Bench):
    assert asked(bench) == []
    bench.pass_s(0)
    bench.pass_s(0.25)
    assert len(asked(bench)) == 1
    bench.pass_s(0.1)
    assert len(asked(bench)) == 1
    bench.pass_s(0.15)
    assert len(asked(bench)) == 2
    bench.pass_s(10)
    assert len(asked(bench)) == 2


def first(bench: Bench) -> None:
    """The first question is out: it is about AAPL."""
    bench.pass_s(0)
    bench.pass_s(0.25)
    bench.flush()


def test_a_description_becomes_an_event(bench: Bench):
    first(bench)
    (event,) = answer(bench, AAPL, trading=HOURS)
    assert event == InstrumentDescribed(
        bench.now.wall_ns, "AAPL", 1001, "STK", "SMART", "USD", "AAPL (simulated)", D(1),
        D("0.01"), trading_hours=(OpenHours(*HOURS[0]),), time_zone="UTC",
    )  # fmt: skip


def test_a_description_waits_for_the_steps_of_its_market_rule(bench: Bench):
    first(bench)
    assert answer(bench, AAPL, 26) == []
    assert "rule 26" in asked(bench)
    bench.receive(messages.market_rule(26, [(D(0), D("0.0001")), (D(1), D("0.01"))]))
    (event,) = bench.pass_s(0.25)
    assert event.price_steps == (PriceStep(D(0), D("0.0001")), PriceStep(D(1), D("0.01")))


def test_it_does_not_wait_for_ever(bench: Bench):
    first(bench)
    assert answer(bench, AAPL, 26) == []
    assert bench.pass_s(9) == []
    assert names(bench.pass_s(1)) == ["InstrumentDescribed"]


def test_a_rule_that_is_known_is_not_asked_for_again(bench: Bench):
    first(bench)
    answer(bench, AAPL, 26)
    bench.receive(messages.market_rule(26, [(D(0), D("0.01"))]))
    bench.pass_s(0.25)
    bench.flush()
    (event,) = answer(bench, MSFT, 26)
    assert (event.symbol, event.price_steps) == ("MSFT", (PriceStep(D(0), D("0.01")),))
    assert asked(bench).count("rule 26") == 1


def test_a_new_connection_asks_again_and_tells_only_what_has_changed(bench: Bench):
    first(bench)
    answer(bench, AAPL)
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    first(bench)
    assert answer(bench, AAPL) == []
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    first(bench)
    (event,) = answer(bench, AAPL, trading=HOURS)
    assert event.trading_hours


def test_a_second_answer_to_a_question_is_ignored(bench: Bench):
    first(bench)
    answer(bench, AAPL)
    assert answer(bench, replace(AAPL, currency="EUR")) == []


def test_the_liquidation_gateway_asks_about_none():
    bench = Bench(reduce_only=True)
    first(bench)
    assert asked(bench) == []


def test_a_checkpoint_keeps_the_last_description_of_each():
    old = told()
    journal = [old, replace(old, symbol="MSFT"), replace(old, long_name="Apple")]
    kept = [e for e in checkpoint(journal) if isinstance(e, InstrumentDescribed)]
    assert kept == journal[1:]


# ---- what the configuration has otherwise --------------------------------------------------------


def told(**changed) -> InstrumentDescribed:
    plain = InstrumentDescribed(T0, "AAPL", 1001, "STK", "SMART", "USD", "", D(1), D("0.01"))
    return replace(plain, **changed)


def held_against(configured: Instrument, event: InstrumentDescribed) -> tuple[str, str]:
    """What is contradicted, and why nothing may add risk."""
    broker = FakeBroker()
    one = Descriptions(broker, {configured.symbol: configured})
    one.tick(Now(T0, 0), connected=True)
    broker.described.append(event)
    (news,) = one.tick(Now(T0, SECOND), connected=True)
    one.apply(news)
    assert one.fault == news.contradiction
    return news.contradiction, one.denial("AAPL")


def test_it_rests_until_its_next_question_and_for_good_once_all_are_described():
    broker, never = FakeBroker(), 2**62
    one = Descriptions(broker, INSTRUMENTS)
    assert one.rests_until(never) == 0
    one.tick(Now(T0, 0), connected=True)
    assert one.rests_until(never) == SECOND // 4
    broker.described.append(told())
    (news,) = one.tick(Now(T0, SECOND), connected=True)
    one.apply(news)
    assert one.rests_until(never) == SECOND + SECOND // 4
    one.apply(replace(news, symbol="MSFT"))
    assert one.rests_until(never) == never


def test_what_agrees_is_no_contradiction():
    assert held_against(AAPL, told()) == ("", "")
    assert held_against(replace(AAPL, multiplier=D("1.0")), told()) == ("", "")


@pytest.mark.parametrize(
    ("key", "ours", "theirs", "changed"),
    [
        ("multiplier", "1", "100", {"multiplier": D(100)}),
        ("currency", "USD", "EUR", {"currency": "EUR"}),
    ],
)
def test_another_multiplier_or_currency_denies_what_adds_risk(key, ours, theirs, changed):
    sentence = (
        f"{key} of AAPL is {ours} in [[instruments]], and the broker says {theirs};"
        f" set {key} = {theirs}"
    )
    assert held_against(AAPL, told(**changed)) == (sentence, sentence)


def test_a_price_step_that_is_too_fine_is_an_alarm_alone():
    contradiction, denial = held_against(AAPL, told(min_tick=D("0.05")))
    assert contradiction.startswith("min_tick of AAPL is 0.01 in [[instruments]]")
    assert denial == ""


@pytest.mark.parametrize("step", ["0.0001", "0.005", "0.01"])
def test_a_price_step_that_is_a_multiple_of_the_brokers_agrees(step: str):
    assert held_against(AAPL, told(min_tick=D(step))) == ("", "")


def test_an_order_in_such_an_instrument_is_denied_and_a_person_told_until_it_is_mended():
    bench = Bench(instruments=INSTRUMENTS.values())
    first(bench)
    (event,) = answer(bench, replace(AAPL, multiplier=D(100)))
    assert [text for text, _ in bench.gateway.complaints] == [event.contradiction]
    assert bench.gateway.readiness() == ("READY", event.contradiction)
    refused = bench.submit(submit())
    assert (refused.accepted, refused.reason) == (False, event.contradiction)
    bench.hold(10)
    bench.pass_s(0)
    assert bench.submit(submit("exit/1", "SELL", 10)).accepted
    mended = {**INSTRUMENTS, "AAPL": replace(AAPL, multiplier=D(100))}
    after = Bench(bench.journal, instruments=mended.values())
    assert after.submit(submit("b/1")).accepted
    assert after.gateway.readiness() == ("READY", "")


def test_orders_are_held_against_the_market_rule_after_a_restart_too():
    bench = Bench(instruments=INSTRUMENTS.values())
    first(bench)
    assert answer(bench, AAPL, 26) == []
    bench.receive(messages.market_rule(26, [(D(0), D("0.01")), (D(3), D("0.05"))]))
    bench.pass_s(0.25)
    for number, one in enumerate((bench, Bench(bench.journal, instruments=INSTRUMENTS.values()))):
        denied = one.submit(submit(f"a-{number}/1", limit="150.01"))
        assert denied.reason == (
            "limit price is 150.01; prices of AAPL from 3 on are multiples of 0.05 (the"
            " broker's market rule), and the nearest to it are 150 and 150.05"
        )
        assert one.submit(submit(f"b-{number}/1", limit="2.99")).accepted
