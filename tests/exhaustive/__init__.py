"""Bounded exhaustive search of the real cores: `python -m tests.exhaustive`.

The simulation draws lots; the model is not the code. Here the code itself, executor, gateway,
liquidation gateway, risk, strategy and the simulated TWS, is led through everything that can happen
to two intents within bounds, and the invariants are looked at in every state.

`scenario` is what is traded. `group` is the group when the search begins. `processes` makes of each
process a function of its state and an input, by `freezing` and `canonical`. `system` says what can
happen next, and what is left out. `search` goes there, and `judge` looks at it.
"""
