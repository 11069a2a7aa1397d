"""A gateway that reconciles, for the tests of it."""

from tapewire.common.events import Difference, Reconcile
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import EXECUTIONS_ASKED, Bench, kinds
from tests.gateway.tws_messages import completed_order_of

SETTLED_S = 4  # after a login, and after a position moved


def answered(bench: Bench, *listed: list[str], completed: Order | None = None) -> None:
    """TWS lists its positions, and `listed` among its orders and executions, to the ends."""
    bench.list_positions()
    bench.end_values()
    over = [completed_order_of(completed)] if completed else []
    ends = (messages.open_order_end(), messages.execution_end(1))
    bench.receive(*listed, *ends, *over, messages.completed_orders_end())
    bench.tick()


def asked(bench: Bench) -> bool:
    """Whether TWS is asked for everything; the positions may have been asked for before."""
    return EXECUTIONS_ASKED in kinds(bench.flush())


def again(bench: Bench, *listed: list[str], completed: Order | None = None) -> Difference | None:
    """Somebody asks for a reconciliation: the one difference that it finds, if there is any."""
    before = len(bench.reconciled())
    answer, _ = bench.obey(Reconcile("r", bench.now.wall_ns))
    assert answer.accepted, answer.reason
    bench.tick()
    assert asked(bench)
    answered(bench, *listed, completed=completed)
    bench.wait_s(SETTLED_S + 1, *listed)
    (result,) = bench.reconciled()[before:]
    assert (result.trigger, result.id, result.reason) == ("request", "r", "")
    assert len(result.differences) <= 1
    return result.differences[0] if result.differences else None


def reconnected(bench: Bench, *listed: list[str], completed: Order | None = None) -> Difference:
    """The connection is lost and comes back: the one difference that is found then."""
    before = len(bench.reconciled())
    bench.lose()
    bench.pass_s(60)
    bench.connect()
    answered(bench, *listed, completed=completed)
    bench.wait_s(SETTLED_S + 1, *listed)
    (result,) = bench.reconciled()[before:]
    assert result.trigger == "reconnect"
    (found,) = result.differences
    return found


def complained(bench: Bench) -> list[str]:
    """What a person was told about reconciliations, since the last call."""
    told = [text for text, _ in bench.gateway.complaints if text.startswith("reconciliation: ")]
    bench.gateway.complaints.clear()
    return told
