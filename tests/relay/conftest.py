"""A relay and a door, with what is between them."""

from collections.abc import Iterator

import pytest

from tests.conftest import _folder
from tests.relay.between import Between


@pytest.fixture
def between() -> Iterator[Between]:
    with _folder() as folder:
        found = Between(folder)
        yield found
        found.close()
