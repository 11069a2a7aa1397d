"""Conflation: for a reader that is behind, only the newest quote and trade of each symbol."""

from typing import NamedTuple

from tapewire.common.events import Quote, Tick


class Piled(NamedTuple):
    """Ticks to hand on. `origin` names their message; of a conflated one, the tick in it."""

    origin: str
    ticks: list[Tick]


class Conflation:
    """What has piled up in a turn: one message of a symbol stays as it is, of more only the newest
    quote and the newest trade stay, in their order."""

    def __init__(self) -> None:
        self._piles: dict[str, list[Piled]] = {}

    def add(self, symbol: str, origin: str, ticks: list[Tick]) -> None:
        """Take a message's ticks; `origin` names the message."""
        self._piles.setdefault(symbol, []).append(Piled(origin, ticks))

    def take(self) -> tuple[list[Piled], dict[str, int]]:
        """What is to be handed on, and by symbol how many ticks are not."""
        piles, self._piles = self._piles, {}
        kept: list[Piled] = []
        skipped: dict[str, int] = {}
        for symbol, pile in piles.items():
            newest = pile if len(pile) == 1 else _newest(pile)
            kept += newest
            if newest is not pile:
                skipped[symbol] = sum(len(p.ticks) for p in pile) - len(newest)
        return kept, skipped


def _newest(pile: list[Piled]) -> list[Piled]:
    """The newest tick of each kind, each by itself, the older one first."""
    newest: list[Piled] = []
    kinds: set[bool] = set()
    for origin, ticks in reversed(pile):
        for place in range(len(ticks) - 1, -1, -1):
            kind = isinstance(ticks[place], Quote)
            if kind not in kinds:
                kinds.add(kind)
                newest.append(Piled(f"{origin}/{place}", [ticks[place]]))
                if len(kinds) == 2:
                    return newest[::-1]
    return newest[::-1]
