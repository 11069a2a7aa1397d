"""Far hosts as home knows them, and what is taken in of what they report."""

import json
from typing import Any

import msgspec
import pytest

from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.relay import words
from tapewire.relay.hosts import REPORT_EVERY_NS, SILENT_AFTER_NS, Hosts, roles_at, taken_in

S = 1_000_000_000
ENTRIES = [
    {"name": "home", "address": "10.0.0.1", "home": True},
    {"name": "far", "address": "10.0.0.2"},
    {"name": "near", "address": "10.0.0.3"},
]
STRATEGY = "tapewire.strategy.examples.momentum:Momentum"
STATUS: dict[str, Any] = {
    "role": "strategy-dip", "state": "READY", "reason": "", "epoch": "01", "ts_ns": 5, "pid": 7,
    "hops_us": {"gateway_to_strategy": {"p50": 1.5, "max": None, "count": 3}},
    "clock": {"offset_ns": -3}, "missed": {"AAPL": 0}, "counters": {"ticks_received.AAPL": 3},
}  # fmt: skip


def config() -> Config:
    strategies = [
        {"name": "dip", "strategy": STRATEGY, "host": "far"},
        {"name": "own", "strategy": STRATEGY},
    ]
    return Config(hosts=ENTRIES, strategies=strategies)  # type: ignore[arg-type]


def now(seconds: float) -> Now:
    return Now(10**18, int(seconds * S))


def test_a_host_that_has_not_reported_for_long_or_never_is_named():
    hosts = Hosts(["far", "near"], {})
    hosts.heard("far", {}, now(100))
    assert [*hosts.complaints(now(101))] == ["host near has not reported yet"]
    hosts.heard("near", {}, now(101))
    assert [*hosts.complaints(now(102))] == []
    late = now(101 + SILENT_AFTER_NS / S)
    assert [*hosts.complaints(late)] == [
        "host far has been silent for 6 s", "host near has been silent for 5 s",
    ]  # fmt: skip
    hosts.heard("far", {}, late)
    assert [*hosts.complaints(late)] == ["host near has been silent for 5 s"]


def test_a_host_whose_strategies_run_in_vain_is_named_with_what_lets_them_signal():
    hosts = Hosts(["far"], {})
    hosts.heard("far", {}, now(1), "reader")
    (complaint,) = hosts.complaints(now(1))
    assert complaint == (
        "the key of host far has the role reader, so no signal of its strategies passes;"
        " `tapewire keys allow KEY --host far --role strategy` lets them"
    )
    hosts.heard("far", {}, now(2))
    assert [*hosts.complaints(now(2))] == []


def test_a_host_with_another_configuration_is_named_with_what_differs_and_what_to_do():
    ours = {"hosts": "01", "instruments": "02", "strategies": "03"}
    hosts = Hosts(["far"], ours)
    hosts.heard("far", {**ours, "instruments": "0a", "strategies": "0b", "later": "0c"}, now(1))
    assert [*hosts.complaints(now(1))] == [
        "the configuration of host far differs from home's in instruments, strategies; copy home's"
        " tapewire.toml there, then run `tapewire down` and `tapewire up --host far` there"
    ]
    hosts.heard("far", ours, now(2))
    assert [*hosts.complaints(now(2))] == []


def test_of_a_host_that_does_not_report_its_configuration_nothing_is_assumed():
    hosts = Hosts(["far"], {"hosts": "01"})
    hosts.heard("far", {}, now(1))
    assert [*hosts.complaints(now(1))] == []


class FormerReport(msgspec.Struct, array_like=True, tag="host.reported", frozen=True):
    """As it was before a host reported its configuration."""

    statuses: dict[str, words.ProcessReported]
    halt: str | None = None


def test_a_former_version_reads_the_report_and_its_report_is_read():
    body = words.encode(words.reported({"relay-far": STATUS}, "enough", {"hosts": "01"}))
    former = msgspec.msgpack.decode(body, type=FormerReport)
    assert ([*former.statuses], former.halt) == (["relay-far"], "enough")
    found = words.decode(msgspec.msgpack.encode(former))
    assert isinstance(found, words.HostReported)
    assert ([*found.statuses], found.halt, found.configured) == (["relay-far"], "enough", {})


def test_a_report_without_figures_still_has_the_configuration():
    report = words.reported({"relay-far": STATUS}, "enough", {"hosts": "01"})
    assert words.shortened(report).configured == {"hosts": "01"}


def test_a_host_reports_of_its_own_relay_and_of_the_strategies_that_are_placed_there_alone():
    reported = [
        "relay-far", "relay-near", "strategy-dip", "strategy-dip-2", "strategy-own", "risk",
        "gateway", "strategy-stranger",
    ]  # fmt: skip
    assert roles_at(config(), "far", reported) == ["relay-far", "strategy-dip", "strategy-dip-2"]
    assert roles_at(config(), "near", reported) == ["relay-near"]


def test_a_status_is_taken_in_with_what_is_shown_of_it():
    found = words.decode(words.encode(words.reported({"strategy-dip": {**STATUS, "extra": [1]}})))
    assert isinstance(found, words.HostReported)
    one = found.statuses["strategy-dip"]
    assert (one.state, one.hops_us, one.clock) == (
        "READY", STATUS["hops_us"], {"offset_ns": -3},
    )  # fmt: skip
    assert repr(one.counters) == repr(STATUS["counters"]), "counts stay whole numbers"


@pytest.mark.parametrize(
    "wrong", [{"state": "FINE"}, {"ts_ns": "now"}, {"pid": [1]}, {"hops_us": {"x": {"p50": "1"}}}]
)
def test_a_status_that_is_not_like_one_is_left_out_and_the_others_are_not(wrong: dict[str, Any]):
    found = words.reported({"relay-far": STATUS, "strategy-dip": {**STATUS, **wrong}})
    assert [*found.statuses] == ["relay-far"]


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x93\x01\x02\x03", b"x" * (words.WORD_MAX_BYTES + 1)]
)
def test_what_is_no_word_is_refused(body: bytes):
    with pytest.raises(ValueError, match=r"MessagePack|bytes|truncated|Expected"):
        words.decode(body)


def reported(**given: Any) -> words.ProcessReported:
    return msgspec.convert({**STATUS, **given}, words.ProcessReported)


def test_a_host_whose_stamps_are_of_the_future_falls_silent_like_any_other():
    assert taken_in(reported(ts_ns=10**19 - 1), 10**18)["ts_ns"] == 10**18
    assert taken_in(reported(ts_ns=7), 10**18)["ts_ns"] == 7


def test_what_a_terminal_would_take_for_a_command_is_shown_as_what_it_is():
    reason = "\x1b]0;all is well\x07\nrisk   READY \x9b2J"
    found = taken_in(reported(reason=reason, gaps={"\x1b[2J": 1}, hints=["\x07"]), 5)
    assert found["reason"] == "\\x1b]0;all is well\\x07 risk READY \\x9b2J"
    assert (found["gaps"], found["hints"]) == ({"\\x1b[2J": 1}, ["\\x07"])


def test_numbers_that_json_has_not_do_not_break_the_pages():
    nan = float("nan")
    found = taken_in(reported(counters={"x": nan}, hops_us={"y": {"p50": float("-inf")}}), 5)
    assert json.dumps(found, allow_nan=False)
    assert (found["counters"], found["hops_us"]) == ({"x": 0.0}, {"y": {"p50": 0.0}})


def test_a_status_takes_bounded_room():
    endless = {f"{number}": 1 for number in range(100_000)}
    found = taken_in(reported(reason="x" * 10**6, gaps=endless, hints=["y" * 10**4] * 5_000), 5)
    assert len(json.dumps(found)) < 1_000_000
    assert len(found["reason"]) == 512


def test_a_host_that_reports_all_the_time_is_written_down_twice_per_second():
    hosts = Hosts(["far"], {})
    step = REPORT_EVERY_NS / S / 10
    kept = [hosts.heard("far", {}, now(100 + step * number)) for number in range(21)]
    assert sum(kept) == 3
