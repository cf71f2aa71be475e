"""A company with somebody who may open access at once."""

import pytest

from egress.models import Namespace, Person, Request
from tests import factories as make


@pytest.fixture
def asked(shop: Namespace, gina: Person, mate: Person) -> Request:
    """What gina asks for herself; mate is an approver."""
    return make.request(shop, gina, "a.example.com", "b.example.com")
