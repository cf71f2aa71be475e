"""Thousands of calls made up from the description, as everybody: each answer is as described."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings
from rest_framework.response import Response

from egress.api.views.account import Me
from tests.api.engine import operations, run
from tests.matrix.visits import SCOPES, Visitor
from tests.tries import ALL, tries

pytestmark = pytest.mark.django_db

ROLES = ("member", "approver", "auditor", "admin", "robot")
ME = "me"
SHARES = 25
"""In a hurry every role meets every 25th operation in full, beginning with another one."""


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("role", ROLES)
def test_no_call_gets_an_answer_that_is_not_described(role: str) -> None:
    caller = Visitor(role).bearer(SCOPES)
    share = operations()[ROLES.index(role) * tries(5, of=0) :: tries(SHARES, of=1)]
    alone = run(caller, ("coverage", "fuzzing"), examples=tries(2, of=10), only=share)
    linked = run(caller, ("stateful",), examples=tries(2, of=60))
    print(f"\n{role}: {alone.cases} cases alone, {linked.cases} in sequences")
    assert alone.troubles | linked.troubles == {}
    assert alone.cases + linked.cases >= (1_000 if ALL else 100)


def test_an_answer_that_is_not_described_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Me, "get", lambda view, request: Response({"username": 5}))
    caller = Visitor("member").bearer(SCOPES)
    found = run(caller, ("fuzzing",), examples=1, only=[ME])
    assert [name.partition(":")[0] for name in found.troubles] == ["response_schema_conformance"]
