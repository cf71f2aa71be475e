"""Who may call at all: tokens, sessions, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.models import ApiToken, Namespace, Person, Request
from egress.services import people
from tests import factories as make
from tests.api.calling import V1, Caller, in_session, problem, wish

pytestmark = pytest.mark.django_db


def refused(response: Any) -> None:
    """It is a 401 with a challenge, and tells nothing of the reason."""
    problem(response, 401, "Unauthorized")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_nobody_is_let_in_without_a_token() -> None:
    refused(Caller().get("/me/"))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer egp_12345678_abc",
        "Bearer egp_" + "x" * 5000,
        "Bearer \u00fc\u00df",
        "Bearer egp_\u00fc\u00df",
        "Bearer a b c",
        "bearer null",
        "Basic b3duZXI6YSBsb25nIGVub3VnaCBwYXNzcGhyYXNl",
        "Token egp_12345678_abc",
        "Digest",
    ],
)
def test_what_is_no_token_lets_nobody_in(owner: Person, header: str) -> None:
    caller = Caller()
    caller.headers = {"Authorization": header.encode().decode("latin-1")}
    refused(caller.get("/me/"))


def test_revoked_expired_and_orphaned_tokens_let_nobody_in(owner: Person, adam: Person) -> None:
    callers = [Caller(owner) for _ in range(3)]
    assert all(caller.get("/me/").status_code == 200 for caller in callers)
    first, second, _ = ApiToken.objects.order_by("pk")
    ApiToken.objects.filter(pk=first.pk).update(revoked_at=timezone.now())
    ApiToken.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    refused(callers[0].get("/me/"))
    refused(callers[1].get("/me/"))
    people.deactivate(person=owner, actor=make.actor(adam))
    refused(callers[2].get("/me/"))


def test_a_deactivated_person_loses_their_session(owner: Person) -> None:
    session = in_session(owner)
    assert session.get("/me/").status_code == 200
    Person.objects.update(is_active=False)
    refused(session.get("/me/"))


def test_a_token_in_the_address_is_not_one(owner: Person) -> None:
    secret = Caller(owner).headers["Authorization"].removeprefix("Bearer ")
    refused(Caller().get("/me/", {"token": secret, "access_token": secret}))


def test_a_bad_token_is_refused_even_with_a_good_session(owner: Person) -> None:
    session = in_session(owner)
    refused(session.get("/me/", headers={"Authorization": "Bearer egp_00000000_wrong"}))


def test_a_session_needs_the_csrf_token_to_change_something(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    session = in_session(owner, checks_csrf=True)
    assert session.get("/me/").status_code == 200
    assert "CSRF" in problem(session.post("/requests/", wish(shop)), 403)["detail"]
    assert not Request.objects.exists()
    session.client.get("/api/docs/")
    csrf = {"X-CSRFToken": session.client.cookies["egress_csrf"].value}
    assert session.post("/requests/", wish(shop), headers=csrf).status_code == 201


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_every_unsafe_method_of_a_session_needs_the_csrf_token(
    shop: Namespace, owner: Person, method: str
) -> None:
    session = in_session(owner, checks_csrf=True)
    request = make.request(shop, owner)
    paths = {
        "POST": f"/requests/{request.pk}/withdraw/",
        "PUT": f"/requests/{request.pk}/",
        "DELETE": "/tokens/1/",
    }
    problem(session.call(method, paths[method], {}), 403, "Forbidden")


def test_a_token_needs_no_csrf_token(shop: Namespace, owner: Person, alice: Person) -> None:
    caller = Caller(owner)
    caller.client.handler.enforce_csrf_checks = True
    assert caller.post("/requests/", wish(shop)).status_code == 201


def test_a_call_notes_the_use_of_the_token(owner: Person) -> None:
    caller = Caller(owner)
    assert ApiToken.objects.get().last_used_at is None
    caller.client.get(f"{V1}/me/", headers=caller.headers)
    assert ApiToken.objects.get().last_used_at is not None
