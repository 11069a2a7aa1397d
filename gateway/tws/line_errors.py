"""TWS's error codes about market data: what each means for the line whose request it names.

What a person reads of a code is in the one table of all codes (`gateway.tws.codes`). A code that is
not here ends nothing. Source: TWS API message codes, and what 354 and its neighbours were seen to
do: the request is over, and no tick follows.
"""

from collections.abc import Mapping
from typing import Final, Literal

Trouble = Literal["not live", "delayed", "full", "refused", "deactivated", "unknown"]
"""There are no live ticks, but there may be delayed ones; there are only delayed ones; TWS has no
room for another line; it refuses this one; the line has ended and may be opened again; TWS has no
such line."""

TROUBLES: Final[Mapping[int, Trouble]] = {
    **dict.fromkeys((354, 10089, 10090, 10091, 10168, 10186), "not live"),
    10167: "delayed",
    **dict.fromkeys((101, 309, 10190), "full"),
    **dict.fromkeys((200, 320, 321, 322, 420, 10092, 10187, 10189, 10197), "refused"),
    **dict.fromkeys((10182, 10225), "deactivated"),
    300: "unknown",
}  # fmt: skip
ADVISORY: Final = frozenset({10089, 10090, 10091})
"""Once delayed data were asked for, these only say that they follow."""
FARM_BROKEN: Final = 2103
FARM_IS_BACK: Final = 2104
