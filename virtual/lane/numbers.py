"""The numbers that a column's texts mean, once for each text."""

import numpy as np
import numpy.typing as npt

from tapewire.common.ticks.table import ABSENT, Codes

Flags = npt.NDArray[np.bool_]


class Numbers:
    """The numbers of a column's texts. A number has the code of the first text that means it. So
    two codes are equal where their numbers are, and a number is one object for all its ticks."""

    def __init__(self, texts: list[str]) -> None:
        floats = np.array([*map(float, texts), 0.0])
        _, first, inverse = np.unique(floats, return_index=True, return_inverse=True)
        self.floats = np.r_[floats, np.nan]  # the last one for what is absent
        self.objects = np.array([*floats.tolist(), None], dtype=object)
        self.zero = int(first[inverse[-1]])
        self._codes = np.r_[first[inverse], ABSENT].astype(np.int32)

    def of(self, codes: Codes) -> Codes:
        """The codes of the numbers of these texts."""
        return np.asarray(self._codes[codes])

    def are_within(self, codes: Codes, least: float, most: float) -> bool:
        """Whether all numbers of these codes are; what is absent counts for nothing."""
        is_bad = ~((self.floats >= least) & (self.floats <= most))
        is_bad[-1] = False
        return not is_bad[codes].any()
