"""The direct adapter: gateways at the simulated exchange, by calls instead of TWS's bytes.

It is the second implementation of `gateway.broker.Broker`. No part of the gateway was changed for
it, and it shares with the simulated TWS what an exchange is: matching, books, fees, order checks
and order handling are `simulator.exchange`'s. `exchange.py` is the exchange's side, `adapter.py`
the gateway's, `reports.py` and `ticks.py` the messages between the two.

What it leaves out
------------------
*   The protocol. Nothing is encoded or parsed: requests and reports are objects, a market row
    reaches the adapter as its source wrote it.
*   TWS's handshake and contract search. A login is one request and one answer, where TWS takes two
    rounds; a world opens a direct connection that much later, so that without network faults both
    adapters trade at the same times, to the nanosecond.
*   Pacing. TWS takes 50 messages per second from a client; here a turn's requests go at once.
*   The connection's own faults: client ids in use, a TWS that loses its server, a stranger at the
    other end. A connection can be cut all the same, as `World.cut` does.
*   The limit of a day: executions are reported since the exchange's start.

What it keeps
-------------
*   Admission at the moment of release. Orders and modifies wait in a queue until `release`, and
    each of them is asked about there, when it is about to go. One that has to wait holds up those
    behind it; cancels do not wait.
*   One order per intent. An order is taken from the queue once, its id is never given again, and
    it carries its intent's id to the exchange. What is queued when the connection ends goes back
    to the core, which says that it never went.
*   The way takes time. Requests and reports travel on the world's links and may be cut off on
    them, so an order whose report was lost is UNKNOWN here too.
*   The order of things. A row comes before the executions that it led to; an execution before the
    order's status, and before what it cost.
"""
