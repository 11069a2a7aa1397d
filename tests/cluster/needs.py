"""What the tests of several hosts need; without it they are skipped, with the reason."""

import pytest

from tapewire.benchmarks.load.namespaces import lacking

needs_hosts = pytest.mark.skipif(bool(lacking()), reason=lacking())
