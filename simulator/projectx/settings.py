"""Settings of the simulated Gateway."""

from typing import Final

import msgspec

from tapewire.simulator.projectx.pace import HISTORY, OTHERS, Limit
from tapewire.simulator.settings import SimulatorSettings

USER: Final = "trader"
KEY: Final = "simulated-key"  # nobody's: it opens a simulator
DAY_S: Final = 86_400


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one simulated Gateway. `market` has its accounts, its market and its speed.

    `user` and `key` are what a login must have. A token holds for `token_s` seconds. `secret` signs
    the tokens: those of one run count in another that has the same. `history` and `others` are the
    limits on requests for bars, and on all others.
    """

    market: SimulatorSettings
    user: str = USER
    key: str = KEY
    token_s: int = DAY_S
    secret: bytes = b"of a simulator"
    history: Limit = HISTORY
    others: Limit = OTHERS
