"""A bootstrapped company, new for each test."""

from collections.abc import Iterator

import pytest

from tests.cluster.company import Company, company_in_process


@pytest.fixture
def company() -> Iterator[Company]:
    with company_in_process() as made:
        yield made
