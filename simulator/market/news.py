"""Made-up news: an article about each symbol every two hours, the same ones in every run."""

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from tapewire.common.instruments import Instrument

PROVIDER: Final = "SIM"
PROVIDER_NAME: Final = "Simulated News"
EVERY_S: Final = 7_200
PAST_S: Final = 30 * 86_400
"""News are kept for so long."""
HEADLINES: Final = (
    "{} trades in line with its sector",
    "Analysts keep their view of {}",
    "{} announces the date of its next report",
    "Volume in {} is near its average",
    "What to watch in {} this week",
)


class Article(NamedTuple):
    """An article of the second `at_s`, UTC."""

    at_s: int
    article_id: str
    headline: str

    @property
    def text(self) -> str:
        """The article itself."""
        return f"{self.headline}. This article was made up by a simulator; nothing happened."


def articles(instrument: Instrument, from_s: int, to_s: int) -> Iterator[Article]:
    """The articles about an instrument from one second on and before another, oldest first."""
    for slot in range(from_s // EVERY_S, -(-to_s // EVERY_S)):
        article = _article(instrument, slot)
        if from_s <= article.at_s < to_s:
            yield article


def next_article(instrument: Instrument, after_s: int) -> Article:
    """The first article about an instrument after a second."""
    return next(articles(instrument, after_s + 1, after_s + 1 + 2 * EVERY_S))


def _article(instrument: Instrument, slot: int) -> Article:
    rng = random.Random(f"{instrument.symbol} {slot}")
    at_s = slot * EVERY_S + rng.randrange(EVERY_S)
    headline = rng.choice(HEADLINES).format(instrument.symbol)
    return Article(at_s, f"{PROVIDER}${instrument.con_id:x}{slot:08x}", headline)
