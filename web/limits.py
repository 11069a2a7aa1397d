"""Rate limits: how often somebody may ask."""

from typing import Final

from tapewire.common.clock import Now

KEYS_MAX: Final = 1_000


class RateLimit:
    """Tokens by key: a bucket holds `burst`, and gets `per_s` more in each second. With too many
    keys the one that was seen first is forgotten."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, key: str, now: Now) -> bool:
        """Take a token; False if there is none."""
        left, then_ns = self._buckets.pop(key, (float(self._burst), now.mono_ns))
        left = min(self._burst, left + (now.mono_ns - then_ns) / 1e9 * self._per_s)
        is_left = left >= 1
        self._buckets[key] = (left - 1 if is_left else left, now.mono_ns)
        if len(self._buckets) > KEYS_MAX:
            del self._buckets[next(iter(self._buckets))]
        return is_left
