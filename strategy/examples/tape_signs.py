"""Signs on the tape: patterns that only report. `tapewire watch` looks for each of them by name."""

from tapewire.strategy.patterns import count, last, previous, quote, run, step, total, trade

rising = run(5, trade.price > previous[trade.price]).within("2s")
"""Five rising trades within 2 s."""
burst = step((trade.size > 0) & (count(trade, "1s") >= 20) & (total(trade.size, "1s") > 5_000))
"""After at least 20 trades and 5,000 shares in a second, another one."""
lifted = step(trade.price >= last(quote.ask))
"""A trade at the ask or above."""
swept = lifted.next(trade.price > lifted[trade.price]).next(trade.price > previous[trade.price])
swept = swept.within("500ms")
"""A trade at the ask, and the next two each higher, within half a second."""
unanswered = step(trade.size >= 500).then_not(quote, "5s")
"""A large trade, and no quote for 5 s."""
