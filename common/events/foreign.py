"""Orders at the broker that are not ours, as the gateway reports them."""

from tapewire.common.events.base import Account, Event, Name, Text, TimeNs


class OrderConflict(Event, frozen=True, tag="order.conflict"):
    """Something at the broker carries the tag of our order `intent_id` and is not that order.

    It changes nothing of our order. An execution of it counts in its account. Nothing that adds
    risk goes in this account and symbol until a person has resumed trading there.
    """

    ts_ns: TimeNs
    account: Account
    symbol: Name
    intent_id: Name
    permanent_id: str
    reason: Text

    @property
    def id(self) -> str:
        """Names the conflict: it is reported once."""
        return f"{self.intent_id} {self.permanent_id}"
