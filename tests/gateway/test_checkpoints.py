"""A gateway that starts on a long journal leaves a checkpoint, and starts from it the next time."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.benchmarks.load.past_trading import DAY_NS, PastTrading
from tapewire.common import roles
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import InstrumentConfig
from tapewire.common.events import Event, OrderIntended
from tapewire.common.runtime.checkpoint import CheckpointFile, Policy
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tests.gateway.tws_bench import submit
from tests.gateway.wires import Wires
from tests.replay import differences, without_forgotten

SYMBOL = InstrumentConfig(symbol="BENCH")


class Stand:
    """A run directory with the journal of some days of trading, and gateways on it."""

    def __init__(self, run_dir: Path, records: int = 1500) -> None:
        self.run_dir = run_dir
        past = PastTrading("DU1", "bench", "BENCH", records)
        past.write(run_dir / "journals")
        self.journal = SqliteJournal(run_dir / "journals" / "gateway.sqlite")
        self.checkpoints = CheckpointFile(run_dir, roles.GATEWAY, Policy(records=1000))
        self.clock = VirtualClock(_last_ns(self.journal) + 30 * DAY_NS)

    def start(self, *, checkpoints: bool = True) -> GatewayService:
        broker = TwsBroker([SYMBOL], client_id=1)
        return GatewayService(
            roles.GATEWAY, Gateway(broker), Wires(), self.clock, self.journal,
            epoch="g1", follows=(), hang_up=lambda: None,
            checkpoints=self.checkpoints if checkpoints else None,
        )  # fmt: skip

    def append(self, *events: Event) -> None:
        self.journal.append(events)


def _last_ns(journal: SqliteJournal) -> int:
    return max(event.ts_ns for event in events_of(journal))  # type: ignore[attr-defined]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def known(service: GatewayService) -> Sequence[str]:
    return list(service.gateway.orders.by_intent)


def test_the_first_start_reads_all_of_it_and_leaves_a_checkpoint(stand: Stand) -> None:
    assert len(known(stand.start())) > 200
    assert stand.checkpoints.path.exists()


def test_the_second_start_knows_only_what_can_still_matter(stand: Stand) -> None:
    whole = stand.start().gateway
    again = stand.start().gateway
    assert again.orders.by_intent == {}
    assert again.broker.new_order_id() == whole.broker.new_order_id()
    state = without_forgotten(whole.snapshot(), again, whole)
    assert list(differences(again.snapshot(), state)) == []
    assert again.registry.accounts.book.snapshot() == whole.registry.accounts.book.snapshot()
    assert len(again.registry.carried) == len(whole.registry.accounts.book.exec_ids)


def test_a_start_on_a_checkpoint_reads_what_came_after_it(stand: Stand) -> None:
    stand.start()
    order = submit("bench-9/1", symbol="BENCH", account="DU1")
    stand.append(OrderIntended(stand.clock.now_ns(), "5000", order))
    service = stand.start()
    assert service.gateway.orders["bench-9/1"].state == "UNKNOWN"  # as after any restart
    assert service.gateway.broker.new_order_id() == "5001"


def test_no_second_checkpoint_is_made_before_it_is_due(stand: Stand) -> None:
    stand.start()
    made_ns = stand.checkpoints.path.stat().st_mtime_ns
    stand.start()
    assert stand.checkpoints.path.stat().st_mtime_ns == made_ns


def test_a_damaged_checkpoint_is_a_dead_letter_and_all_is_read(stand: Stand) -> None:
    whole = stand.start()
    stand.checkpoints.path.write_bytes(b"no checkpoint" * 100)
    again = stand.start()
    assert known(again) == known(whole)
    [letter] = again.dead_letters
    assert "the checkpoint is not used, so the start takes longer" in letter.reason


def test_a_gateway_without_checkpoints_comes_to_the_same(stand: Stand) -> None:
    with_them, without = stand.start(), stand.start(checkpoints=False)
    assert with_them.gateway.snapshot() == without.gateway.snapshot()


def test_the_fees_of_a_carried_position_stay(stand: Stand) -> None:
    fees = stand.start().gateway.registry.accounts.book.fees
    assert fees > Decimal(100)
    assert stand.start().gateway.registry.accounts.book.fees == fees
