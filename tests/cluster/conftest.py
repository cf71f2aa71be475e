"""A server for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.cluster.wire import Exchange, Wire, wire


@pytest.fixture(scope="module")
def troubled() -> Iterator[Wire]:
    """Serve what a test decides by setting `behave`."""
    with wire(Exchange.hang) as server:
        yield server
