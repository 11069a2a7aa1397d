"""A strategy that runs on two machines of one name is noticed, and trades once."""

from tapewire.common.clock import Now
from tapewire.relay.twins import SEEN_NS, STARTS_MAX, Twins
from tapewire.relay.words import ProcessReported

S = 1_000_000_000
OLD, NEW = "01a21c50f127", "01a21c512695"


def at(second: float) -> Now:
    return Now(0, int(second * S))


def report(twins: Twins, epoch: str, second: float, role: str = "strategy-dip", **more: str):
    status = ProcessReported(
        role=role, state="READY", reason="", epoch=epoch, ts_ns=1, pid=1, **more
    )  # fmt: skip
    twins.reported({role: status}, at(second))


def is_refused(twins: Twins, epoch: str, second: float) -> bool:
    return "dip runs twice" in twins.fault("dip", f"dip-{epoch}-7", at(second))


def test_of_twins_the_newer_start_counts_whichever_reported_last():
    twins = Twins()
    for second in range(4):
        report(twins, NEW, second)
        report(twins, OLD, second + 0.5)
    assert (is_refused(twins, OLD, 4), is_refused(twins, NEW, 4)) == (True, False)
    (complaint,) = twins.complaints(at(4))
    assert "strategy dip runs twice" in complaint
    assert "`tapewire down`" in complaint


def test_a_strategy_that_was_started_again_is_no_twin_and_its_last_signals_pass():
    twins = Twins()
    report(twins, OLD, 0)
    report(twins, NEW, 1)
    assert not is_refused(twins, OLD, 1)
    assert [*twins.complaints(at(1))] == []


def test_once_the_other_has_ended_nothing_is_refused():
    twins = Twins()
    for epoch in (OLD, NEW, OLD):
        report(twins, epoch, 1)
    report(twins, OLD, 2)
    assert is_refused(twins, OLD, 2)
    report(twins, NEW, 3, ended="09:00")
    report(twins, OLD, 1 + SEEN_NS / S)
    assert not is_refused(twins, OLD, 1 + SEEN_NS / S)
    assert [*twins.complaints(at(1 + SEEN_NS / S))] == []


def test_what_is_no_strategy_or_unknown_is_none_of_it():
    twins = Twins()
    for epoch in (OLD, NEW, OLD):
        report(twins, epoch, 1, role="relay-far")
    assert [*twins.complaints(at(1))] == []
    assert not is_refused(twins, OLD, 1)


def test_a_host_that_reports_many_starts_takes_no_memory():
    twins = Twins()
    for number in range(10_000):
        report(twins, f"{number:012x}", 1)
    assert len(twins._starts["strategy-dip"]) == STARTS_MAX
