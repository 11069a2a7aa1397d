"""The server: how many it lets in."""

from tapewire.common.config.web import WebConfig
from tapewire.web.server import Server

OF_A_BROWSER = 6


async def nothing(*_: object) -> None:
    pass


def test_a_page_can_be_loaded_and_halted_from_where_only_one_may_look() -> None:
    allowed = Server(nothing, WebConfig(viewers_max=1))._settings().limit_concurrency
    assert allowed is not None
    assert allowed > 2 * OF_A_BROWSER
