"""The direct lane of a back-test: what is quiet is run as columns, all else in turns.

Back-tests spend nearly all of their time on ticks that lead to nothing. In the full mode such a
tick is a row, a message of TWS, a tick, a message of the bus, a turn of the gateway and one of each
strategy. Here it is an element of an array that becomes a `Quote` or a `Trade`, and a call of the
strategy.

Why the executions are the same
-------------------------------
What decides about an order is not written a second time. The lane is a guest in a `World` with the
direct adapter, whose services run in turns while there is anything to decide. It goes ahead only
while the group is *at rest* (`rest.py`): nothing is on its way, no rule could find anything new,
and what is due by the clock is later. From such a moment on, only a tick can make anybody act, and
only two act on ticks: strategies, and the exchange, where an order waits for a price. The first row
with such a price is looked up (`simulator.exchange.reach`, `ahead.py`), and all is run in turns
from there on. Up to it the lane hands the strategy the ticks (`stretch.py`), at the times at which
it would have had its turns, until it does something: signals, asks, raises.

Then the world is put to a moment shortly before the tick that made it act (`lane.py`). All state
that ticks and the clock leave is set to what it would be there: the exchange's quotes, the
gateway's newest ticks and counters, risk's marks, leases and heartbeats (`catch_up.py`). The rows
from there on are run in turns again. The strategy has had some of them already, and gets none of
them twice; what it signalled leaves in the turn in which it did so.

Three things make this possible. Whatever acts by the clock in a virtual group does so at times that
do not depend on how many turns there were (`common.runtime.rhythm`, `Service.due_ns`). Ticks are
made of rows in one way, which `flow.py` repeats on columns; what it is not sure of it leaves to
turns. And a tick is of no consequence to risk but as a mark, so rules that look at marks keep the
lane from going ahead while something is held.
"""
