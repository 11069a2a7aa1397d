"""Rest: whether a gateway's core waits for nothing but messages, and until when.

A back-test leaves out the turns of a core that is at rest. So whatever this core does by the clock
has to be asked about here: what is due later is its time, what may be due in any turn is now. An
order that works, and that nobody has asked to change or to cancel, waits for the broker alone.
"""

from tapewire.gateway.gateway import Gateway


def rests_until(gateway: Gateway, forever_ns: int) -> int:
    """When there is something to do though nothing comes (monotonic): 0 for now, `forever_ns` for
    never."""
    waits = (
        not gateway.is_up
        or gateway.broker.waiting
        or any(one.state != "ACCEPTED" for one in gateway.orders.live())
        or gateway.registry.modifies.pending()
        or not gateway.sync.cancels.rests
        or not gateway.sync.quiet
        or not gateway.positions.rests
        or not gateway.unexplained.rests
    )
    if waits:
        return 0
    due_ns = gateway.facts.errors.rests_until(forever_ns)
    if gateway.gate.reduce_only:
        return due_ns
    facts = gateway.facts
    return min(
        due_ns, facts.accounts.rests_until(forever_ns), facts.instruments.rests_until(forever_ns)
    )
