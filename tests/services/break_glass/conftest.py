"""A company with somebody who may open access at once."""

import pytest

from egress.models import Namespace, Person, Request, Role
from tests import factories as make


@pytest.fixture
def gina(db: None) -> Person:
    """A developer of `team-shop` with the role break-glass everywhere."""
    person = make.person("gina", teams=["team-shop"])
    make.role(person, Role.BREAK_GLASS)
    return person


@pytest.fixture
def asked(shop: Namespace, gina: Person, mate: Person) -> Request:
    """What gina asks for herself; mate is an approver."""
    return make.request(shop, gina, "a.example.com", "b.example.com")
