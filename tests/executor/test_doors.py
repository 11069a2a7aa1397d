"""The ways to the gateways: a command goes to the login of its account, and waits for no other."""

from decimal import Decimal

from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.order import Order
from tapewire.common.clock import Now
from tapewire.common.events import CancelOrder, OrderReply, OrderTerms, SubmitOrder
from tapewire.common.logins import Login, Logins
from tapewire.executor.doors import Doors
from tapewire.executor.order_requests import Command
from tapewire.executor.welcome import NO_ANSWER, NOT_INTRODUCED

LOGINS = Logins([Login("us", ("DU1",)), Login("eu", ("DU2",))])
SECOND = 1_000_000_000


def at(seconds: float) -> Now:
    return Now(0, int(seconds * SECOND))


def order(account: str) -> SubmitOrder:
    return SubmitOrder(f"{account}/1", 0, account, "s", "AAPL", OrderTerms("BUY", Decimal(1)), 0)


class Ways:
    """Doors that are introduced at once, and what went through each."""

    def __init__(self, *introduced: str) -> None:
        self.known = {one.intent_id: Order(one, Executions()) for one in map(order, ("DU1", "DU2"))}
        self.doors = Doors(LOGINS, "x1", self.known.get, lambda _gateway: 1)
        self.sent(at(0))
        for name in introduced:
            token = OrderReply(1, [], fencing_token="t")
            self.doors.on_reply(token, f"gateway-{name}", at(0))

    def sent(self, now: Now) -> dict[str, list[Command]]:
        found = {one.login.name: one.request(now) for one in self.doors}
        return {name: [*one.commands] for name, one in found.items() if one is not None}


def test_an_order_and_its_cancel_go_to_the_gateway_of_the_account():
    ways = Ways("us", "eu")
    cancels = CancelOrder("DU1/1", 0), CancelOrder("DU2/1", 0)
    ways.doors.queue([order("DU2"), *cancels], at(1))
    assert ways.sent(at(1)) == {"us": [cancels[0]], "eu": [cancels[1], order("DU2")]}


def test_what_is_of_no_login_goes_nowhere():
    ways = Ways("us", "eu")
    ways.doors.queue([order("DU9"), CancelOrder("unknown", 0)], at(0.1))
    assert ways.sent(at(0.1)) == {}
    assert ways.doors.waits_for("DU9", at(0.1)) == "", "the order is denied"


def test_a_gateway_that_has_not_answered_keeps_back_its_own_account_alone():
    ways = Ways("us")
    ways.doors.queue([order("DU1"), order("DU2")], at(0.1))
    assert ways.sent(at(0.1)) == {"us": [order("DU1")]}
    assert ways.doors.waits_for("DU1", at(0.1)) == ""
    assert ways.doors.waiting(at(0.1)) == {"eu": NOT_INTRODUCED}
    assert ways.doors.waiting(at(5)) == {"us": NO_ANSWER, "eu": NO_ANSWER}
