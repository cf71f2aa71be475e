"""Webhooks by API: for admins, secret shown once, mistakes by field."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from egress.models import Outgoing, Person
from tests.api.calling import Caller, problem

WISH = {"name": "ci", "url": "https://ci.example.com/secret-path", "groups": ["requests"]}


@pytest.fixture(autouse=True)
def _keys(db: None, settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]


def test_an_admin_makes_changes_tries_and_retires_a_webhook(adam: Person) -> None:
    caller = Caller(adam)
    made = caller.post("/webhooks/", WISH).json()
    assert made["secret"].startswith("whsec_")
    assert "secret-path" not in str(made)
    address = f"/webhooks/{made['id']}/"
    assert "secret" not in caller.get(address).json()
    changed = caller.put(address, {"name": "ci", "groups": ["grants"], "namespaces": "pay*"})
    assert changed.json()["groups"] == ["grants"]
    assert caller.post(f"{address}secret/", {}).json()["secret"] != made["secret"]
    row = caller.post(f"{address}test/", {}).json()
    assert [told["key"] for told in caller.get(f"{address}messages/").json()["results"]] == [
        row["key"]
    ]
    problem(caller.post(f"{address}messages/{row['id']}/again/", {}), 409)
    Outgoing.objects.update(status=Outgoing.Status.GIVEN_UP)
    assert caller.post(f"{address}messages/{row['id']}/again/", {}).status_code == 201
    assert caller.delete(address).status_code == 204
    assert [row["is_active"] for row in caller.get("/webhooks/").json()["results"]] == [False]


def test_nobody_else_sees_them(adam: Person, alice: Person, olga: Person) -> None:
    made = Caller(adam).post("/webhooks/", WISH).json()
    for other in (alice, olga):
        caller = Caller(other)
        problem(caller.get("/webhooks/"), 403)
        problem(caller.post("/webhooks/", WISH), 403)
        problem(caller.get(f"/webhooks/{made['id']}/"), 403)
        problem(caller.get(f"/webhooks/{made['id']}/messages/"), 403)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://10.0.0.1/"),
        ("groups", ["weather"]),
        ("groups", "requests"),
        ("cluster", "nowhere"),
        ("namespaces", "Pay*"),
        ("weather", "fine"),
    ],
)
def test_mistakes_are_named_by_field(field: str, value: object, adam: Person) -> None:
    told = problem(Caller(adam).post("/webhooks/", {**WISH, field: value}), 422)
    assert any(name.startswith(field) for name in told["errors"])


def test_a_replay_makes_no_second_one_and_shows_no_secret(adam: Person) -> None:
    caller = Caller(adam)
    first = caller.post("/webhooks/", WISH, key="one").json()
    again = caller.post("/webhooks/", WISH, key="one").json()
    assert (again["id"], again["secret"]) == (first["id"], "")
