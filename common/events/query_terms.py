"""What the fields of queries have in common: words of the broker's, and time-outs."""

from typing import Annotated

import msgspec

WORDS_MAX = 64
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=WORDS_MAX, pattern=r"\A[ -~]+\Z")]
MaybeWords = Annotated[str, msgspec.Meta(max_length=WORDS_MAX, pattern=r"\A[ -~]*\Z")]
TimeoutMs = Annotated[int, msgspec.Meta(ge=100, le=600_000)]
