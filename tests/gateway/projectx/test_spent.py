"""What was spent of the limit on requests outlives the process that spent it."""

from decimal import Decimal

from tapewire.gateway.projectx.spent import TIME, SpentFile
from tests.gateway.projectx.here import ready, submit
from tests.simulator.projectx.conftest import SECOND


def opened(folder, now_s, most=3):
    return SpentFile(folder / "gateway-px.requests", most, int(now_s * SECOND))


def seconds(spent):
    return [one // SECOND for one in spent.times()]


def test_the_newest_times_are_kept_and_the_oldest_overwritten(tmp_path):
    first = opened(tmp_path, 1)
    assert seconds(first) == []
    for now_s in (10, 11, 12, 13):
        first.note(now_s * SECOND, 1)
    second = opened(tmp_path, 20)
    assert seconds(second) == [11, 12, 13]
    second.note(21 * SECOND, 2)
    assert seconds(opened(tmp_path, 30)) == [13, 21, 21]


def test_times_of_before_a_start_of_the_machine_do_not_count(tmp_path):
    opened(tmp_path, 1).note(1000 * SECOND, 1)
    later = opened(tmp_path, 5)
    assert seconds(later) == []
    later.note(6 * SECOND, 1)
    assert seconds(opened(tmp_path, 7)) == [6]


def test_the_file_is_its_user_s_alone_and_half_a_time_is_none(tmp_path):
    opened(tmp_path, 1).note(SECOND, 1)
    file = tmp_path / "gateway-px.requests"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(TIME.pack(SECOND) + b"half")
    assert seconds(opened(tmp_path, 2)) == [1]


def test_a_gateway_that_starts_again_sends_no_more_than_the_limit_leaves(tmp_path):
    """The first process sends all it may; the second one has to wait for the stretch to end."""

    def placed(linked):
        return [path for path, _ in linked.asked].count("/Order/place")

    first = ready(rate_max=10, spent=SpentFile(tmp_path / "x", 10, 1))
    first.pass_time(60)
    for number in range(6):
        first.broker.submit("", submit(f"i{number}", type="LMT", limit=Decimal(2490)))
    assert placed(first.turn()) == 6
    again = ready(
        rate_max=10, spent=SpentFile(tmp_path / "x", 10, first.mono_ns), at_ns=first.mono_ns
    )
    for number in range(6):
        again.broker.submit("", submit(f"j{number}", type="LMT", limit=Decimal(2490)))
    assert placed(again.turn()) == 3  # one request was for the contract
    again.pass_time(60)
    assert placed(again.turn()) == 6
