"""Errors in one look: as pages, as toasts, and never as tracebacks."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse

from egress.models import Person
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, ServiceError, Unavailable
from egress.web.errors import broken, error_page, status_of
from tests.web.browsing import HTMX, XSS, body, get, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("error", "status"),
    [(Refused, 422), (NotAllowed, 403), (Conflict, 409), (Missing, 404), (Unavailable, 503)],
)
def test_each_refusal_has_its_status(error: type[ServiceError], status: int) -> None:
    assert status_of(error("No.")) == status
    assert status_of(type("Narrower", (error,), {})("No.")) == status


def test_an_unknown_refusal_is_the_callers_fault() -> None:
    assert status_of(ServiceError("No.")) == 400


def test_a_page_that_does_not_exist_looks_like_the_portal(owner: Person) -> None:
    response = get(owner, "request", 424242)
    assert response.status_code == 404
    assert "There is no request 424242 for you." in words(response)
    unknown = signed_in(owner).get("/no-such-page")
    assert unknown.status_code == 404
    assert "Go to the home page" in words(unknown)
    assert 'class="rail"' in body(unknown)


def test_htmx_gets_a_toast_and_the_page_stays(owner: Person) -> None:
    response = get(owner, "request", 424242, htmx=True)
    assert response.status_code == 404
    assert response.content == b""
    assert response["HX-Reswap"] == "none"
    assert "There is no request 424242" in response["HX-Trigger"]


def test_a_message_is_escaped(rf: RequestFactory, owner: Person) -> None:
    request = rf.get("/")
    request.user = owner
    assert XSS not in body(error_page(request, 422, XSS))


def test_a_failure_of_the_portal_needs_neither_database_nor_session(
    rf: RequestFactory, django_assert_num_queries: Any
) -> None:
    request = rf.get("/")
    request.request_id = "abc-123"  # type: ignore[attr-defined]
    with django_assert_num_queries(0):
        response = broken(request)
    assert response.status_code == 500
    assert "request id abc-123" in words(response)


def test_a_crash_shows_the_page_with_an_id_and_no_traceback(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("inside knowledge")

    monkeypatch.setattr("egress.web.views.search.find", crash)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    response = client.get(reverse("search") + "?q=x")
    assert response.status_code == 500
    page = words(response)
    assert "Something broke on our side" in page
    assert "request id" in page
    assert "inside knowledge" not in page


def test_a_database_that_fails_is_a_definite_answer(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("deadlock detected: inside knowledge")

    monkeypatch.setattr("egress.web.views.search.find", fail)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    response = client.get(reverse("search") + "?q=x")
    assert response.status_code == 503
    assert "Try again in a moment" in words(response)
    assert "inside knowledge" not in body(response)


def test_htmx_of_somebody_signed_out_sends_all_of_the_page_to_sign_in() -> None:
    headers = HTMX | {"HX-Current-URL": "http://testserver/requests/7?x=1"}
    response = Client().get(reverse("request-progress", args=[7]), headers=headers)
    assert response["HX-Redirect"] == "/sign-in?next=%2Frequests%2F7%3Fx%3D1"


def test_an_address_that_only_takes_a_form_says_so_to_people(owner: Person) -> None:
    response = get(owner, "grant-revoke", 1)
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "go back to the page you came from" in words(response)
    assert get(owner, "grant-revoke", 1, htmx=True).content == b""


def test_an_old_form_says_so(owner: Person) -> None:
    client = signed_in(owner, enforce_csrf_checks=True)
    response = client.post(reverse("sign-out"))
    assert response.status_code == 403
    assert "too old" in words(response)
