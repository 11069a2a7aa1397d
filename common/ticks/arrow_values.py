"""Arrow's arrays as NumPy's, and as columns of texts that are read once each."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tapewire.common.ticks.table import ABSENT, Column


def column_of(
    found: Any,
    read: Callable[[str], str | None],
    texts: Callable[[Any], Sequence[str]] = lambda values: values.to_pylist(),
) -> Column:
    """A column of numbered values, each as `read` has its text; one that is absent stays so."""
    known: dict[str, int] = {}
    read_texts = [read(text) for text in texts(found.dictionary)]
    codes = [ABSENT if text is None else known.setdefault(text, len(known)) for text in read_texts]
    indices = found.indices.fill_null(ABSENT) if found.null_count else found.indices
    places = numbers_of(indices, np.int32)
    return Column(np.array([*codes, ABSENT], np.int32)[places], [*known])


def numbers_of(found: Any, kind: type[Any]) -> npt.NDArray[Any]:
    """An array of Arrow's without absent values; its own conversion would import pandas."""
    return np.frombuffer(found.buffers()[1], kind, len(found), found.offset * kind().itemsize)
