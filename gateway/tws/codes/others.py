"""Error codes about the connection, market data and questions.

Source: TWS API message codes, and the behaviour of a TWS as observed. 200, 320, 321 and 322 also
refuse orders: what such a message is about is what its request id is about.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from tapewire.common.events import ErrorClass
from tapewire.gateway.tws.codes.row import Code, Trouble


def _all(error_class: ErrorClass, *rows: tuple[int, str, str]) -> Iterator[Code]:
    for code, meaning, advice in rows:
        yield Code(code, error_class, meaning, advice)


def _lines(error_class: ErrorClass, line: Trouble, *rows: tuple[int, str, str]) -> Iterator[Code]:
    for row in _all(error_class, *rows):
        yield replace(row, line=line)


def _notices(error_class: ErrorClass, *rows: tuple[int, str, str]) -> Iterator[Code]:
    for code, meaning, advice in rows:
        yield Code(code, error_class, meaning, advice, "warning")


SUBSCRIBE: Final = "subscribe to its exchange's data in IB's Client Portal, and share it with paper"
WAIT: Final = "wait; if it lasts, look at TWS and at IB's system status"
NOTHING: Final = ""
FEWER: Final = "have fewer symbols open, also in TWS itself"
OURS: Final = "report it: the gateway does not ask for that"

CONNECTION: Final[tuple[Code, ...]] = (
    *_all(
        "throttle",
        (100, "Too many messages per second reached TWS.",
         "lower tws.rate_max_per_s if other programs share the limit"),
    ),
    *_all(
        "reconnect",
        (326, "The client id is in use.",
         "end the other program with that client id; after a crash it stays taken for a while"),
        (1300, "TWS's API port was changed, and TWS closes the connection.",
         "set tws.port to the new port"),
        (501, "The client is connected already.", NOTHING),
        (502, "No TWS answers at this address.", "start TWS; compare host and port, see `doctor`"),
        (503, "The TWS is too old for this request.", "update TWS"),
        (504, "The client is not connected.", "start TWS, and wait for the gateway to connect"),
        (505, "TWS does not know the kind of message.", "update TWS"),
        (506, "TWS's version is not supported.", "update TWS"),
        (507, "The length of a message was wrong.", "check what lies between this machine and TWS"),
        (508, "A message could not be read.", "check what lies between this machine and TWS"),
        (509, "The socket failed.", "look at TWS and at the network"),
        (520, "No socket could be opened.", "look at the machine's open files and network"),
        (530, "The encrypted connection failed.", "compare TWS's SSL setting with the client's"),
    ),
    *_all("server_lost", (1100, "TWS has lost its server.", WAIT)),
    *_notices("cut_off", (2110, "TWS is cut off from its server.", WAIT)),
    *_all("data_lost", (1101, "TWS has its server again; market data was lost.", NOTHING)),
    *_all("server_restored", (1102, "TWS has its server again.", NOTHING)),
    *_notices(
        "farm_lost",
        (2103, "A market data farm is broken.", WAIT),
        (2105, "A history farm is broken.", WAIT),
        (2157, "The farm of contract data is broken.", WAIT),
    ),
    *_notices(
        "farm_back",
        (2104, "A market data farm is connected.", NOTHING),
        (2106, "A history farm is connected.", NOTHING),
        (2158, "The farm of contract data is connected.", NOTHING),
    ),
    *_notices(
        "ignore",
        (2107, "A history farm is idle until it is needed.", NOTHING),
        (2108, "A market data farm is idle until it is needed.", NOTHING),
        (2119, "A market data farm is being connected.", NOTHING),
    ),
    *_notices(
        "warn",
        (2100, "Another client asked for account data, which ended a subscription.",
         "look for another program with this client id"),
        (2101, "Account data of another account is subscribed already.",
         "look for another program with this client id"),
        (2102, "The order is being processed, so it cannot be modified yet.", "modify it again"),
        (2137, "The order crosses one of the account's own.", "look at the account's orders"),
    ),
)  # fmt: skip
"""What concerns the connection as a whole."""

DATA: Final[tuple[Code, ...]] = (
    *_lines(
        "delayed", "not live",
        (354, "The market data is not subscribed.", SUBSCRIBE),
        (10168, "The market data is not subscribed, and delayed data is not enabled.", SUBSCRIBE),
        (10186, "The market data is not subscribed, and delayed data is not enabled.", SUBSCRIBE),
    ),
    *_lines(
        "delayed", "delayed",
        (10167, "Delayed market data is sent in place of live data.", SUBSCRIBE),
        (10089, "The market data needs its own subscription for the API; delayed data may come.",
         SUBSCRIBE),
        (10090, "A part of the market data is not subscribed.", SUBSCRIBE),
        (10091, "A part of the market data needs its own subscription for the API.", SUBSCRIBE),
    ),
    *_lines(
        "resubscribe", "full",
        (101, "Too many market data lines are open.", FEWER),
        (309, "Too many requests for market depth are open.", FEWER),
        (10190, "Too many tick-by-tick subscriptions are open.", FEWER),
    ),
    *_lines(
        "resubscribe", "refused",
        (10197, "The live data is with another session of this user.",
         "log out there, then it comes back"),
    ),
    *_lines(
        "resubscribe", "deactivated",
        (10182, "Live updates could not be requested.", WAIT),
        (10225, "A bust ended the real-time bars.", NOTHING),
        (316, "Market depth was halted.", NOTHING),
    ),
    *_lines("warn", "reset", (317, "Market depth begins again.", NOTHING)),
    *_lines("warn", "unknown", (300, "TWS has no subscription with that number.", NOTHING)),
    *_all(
        "warn",
        (102, "The subscription's number is in use: it is open already.", NOTHING),
        (310, "TWS has no market depth subscription with that number to end.", NOTHING),
        (365, "TWS has no scanner subscription with that number to end.", NOTHING),
    ),
    *_notices("warn", (492, "A scan is not precise without more market data.", SUBSCRIBE)),
)  # fmt: skip
"""What concerns subscriptions."""

REQUESTS: Final[tuple[Code, ...]] = (
    *(
        Code(code, "request", meaning, advice, "refused", "refused")
        for code, meaning, advice in (
            (200, "TWS knows no such contract, or several.",
             "correct symbol, sec_type, exchange or currency in [[instruments]], or give con_id"),
            (320, "TWS could not read the request.", "look at TWS's version"),
            (321, "TWS refuses the request as it is described.",
             "read the cause in the message; for a contract correct its [[instruments]] entry"),
            (322, "TWS could not process the request.", "read the cause in the message"),
        )
    ),
    *_lines(
        "request", "refused",
        (420, "TWS cannot provide the real-time bars that were asked for.", SUBSCRIBE),
        (10187, "TWS could not provide historical ticks.", "read the cause in the message"),
        (10189, "TWS could not provide tick-by-tick data.", SUBSCRIBE),
        (10092, "Market depth is not subscribed, or is not offered there.", SUBSCRIBE),
    ),
    *_all(
        "request",
        (162, "The history service refused the request.", "read the cause in the message"),
        (165, "The history service has a message about the request.", "read it"),
        (166, "The contract has expired, and history reaches no further.", "ask for less"),
        (366, "TWS has no question about history with that number.", NOTHING),
        (430, "The fundamental data was not found.", OURS),
        (10276, "News is not subscribed.", "subscribe to it in IB's Client Portal"),
        (579, "A symbol has characters that TWS cannot read.", "correct it in [[instruments]]"),
    ),
)  # fmt: skip
"""What answers the question, the subscription or the order that a message names."""

DEFAULTS: Final[tuple[tuple[int, int, Code], ...]] = (
    (500, 599, Code(0, "reconnect", "A client library's own error.", "look at the connection")),
    (1000, 1999, Code(0, "warn", "TWS reports about its connection.", "read the text")),
    (2100, 2199, Code(0, "warn", "TWS informs.", "read the text", "warning")),
    (0, 2**31, Code(0, "request", "A code that is not in the gateway's table.",
                    "read the text, and see TWS's message codes")),
)  # fmt: skip
"""What a code that has no row falls to: the first range that it is in, both ends included. Those
that name an order end nothing: TWS is asked for its orders."""
