"""Ending access at the command line: whatever becomes of one grant, the others are tried."""

import pytest
import requests
from requests import PreparedRequest

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Grant, Namespace, Person, Request
from egress.services import grants as services
from tests import factories as make
from tests.clients.hands import Hands, InProcess, Trouble, answer

pytestmark = pytest.mark.django_db


def test_access_is_ended_by_request_or_by_grant(
    shop: Namespace, owner: Person, at_owner: Hands
) -> None:
    grant = make.grant(shop, owner, "api.example.com")
    told = at_owner(
        "revoke", f"request/{grant.request_id}", "--reason", "Done.", "-y", "-o", "name"
    )
    assert told.out == f"grant/{grant.pk}\n"
    assert Grant.objects.get().status == GrantStatus.REVOKED
    assert at_owner("revoke", f"grant/{grant.pk}", "--reason", "Done.", "-y", code=1)


@pytest.fixture
def granted(shop: Namespace, owner: Person) -> list[Grant]:
    """Three grants of one request, which are in force."""
    request = make.request(shop, owner, "a.example.com", status=RequestStatus.APPROVED)
    hosts = ("a.example.com", "b.example.com", "c.example.com")
    return [make.grant(shop, owner, host, request=request) for host in hosts]


def revoke(hands: Hands, request: Request, *words: str, code: int) -> tuple[str, str]:
    """Revoke what came of a request; return what was printed as result, and what beside it."""
    told = hands("revoke", f"request/{request.pk}", "--reason", "Stolen.", "-y", *words, code=code)
    return told.out, told.err


def at_call(wire: InProcess, grant: Grant, trouble: Trouble, *, method: str = "POST") -> None:
    """Make a trouble of the calls that end, or read, one grant."""

    def only_there(sent: PreparedRequest) -> Exception | requests.Response | None:
        is_there = f"/grants/{grant.pk}/" in str(sent.url) and sent.method == method
        return trouble(sent) if is_there else None

    wire.troubles = [only_there] * 99


def statuses() -> list[str]:
    return [*Grant.objects.order_by("pk").values_list("status", flat=True)]


@pytest.mark.parametrize(("status", "code"), [(409, 1), (403, 5), (500, 6), (404, 7)])
def test_one_grant_that_does_not_end_keeps_no_other_open(
    granted: list[Grant], wire: InProcess, at_owner: Hands, status: int, code: int
) -> None:
    first, second, third = granted
    said = {"detail": "Not that one.", "reason": "Other"}
    at_call(wire, first, lambda sent: answer(sent, status, said))
    out, err = revoke(at_owner, first.request, "-o", "name", code=code)
    assert statuses() == ["active", "revoked", "revoked"]
    assert out == f"grant/{second.pk}\ngrant/{third.pk}\n"
    assert f"Error: 1 of 3 grants did not end: grant/{first.pk}." in err
    assert f"  grant/{first.pk}: Not that one." in err


def test_a_grant_that_cannot_be_read_is_tried_too(
    granted: list[Grant], wire: InProcess, at_owner: Hands
) -> None:
    trouble = requests.ConnectionError("away")
    at_call(wire, granted[0], lambda sent: trouble, method="GET")
    _, err = revoke(at_owner, granted[0].request, code=0)
    assert f"grant/{granted[0].pk}  cannot be read" in err
    assert statuses() == ["revoked"] * 3


def test_a_grant_that_somebody_ended_meanwhile_is_done(
    granted: list[Grant], wire: InProcess, at_owner: Hands, owner: Person
) -> None:
    first = granted[0]

    def meanwhile(sent: PreparedRequest) -> None:
        services.revoke(grant=first, actor=make.actor(owner), reason="Sooner.")

    at_call(wire, first, meanwhile)
    out, err = revoke(at_owner, first.request, "-o", "name", code=0)
    assert f"grant/{first.pk} had ended already." in err
    assert f"grant/{first.pk}\n" not in out
    assert statuses() == ["revoked"] * 3
    assert Grant.objects.get(pk=first.pk).end_reason == "Sooner."


def test_the_worst_of_several_failures_says_how_it_ends(
    granted: list[Grant], wire: InProcess, at_owner: Hands
) -> None:
    found = iter([404, 500, 409])

    def trouble(sent: PreparedRequest) -> requests.Response | None:
        if sent.method == "GET":
            return None
        return answer(sent, next(found), {"detail": "No.", "request_id": "r-1"})

    wire.troubles = [trouble] * 99
    out, err = revoke(at_owner, granted[0].request, "-o", "json", code=6)
    assert '"grants": []' in out
    assert f"3 of 3 grants did not end: {', '.join(f'grant/{one.pk}' for one in granted)}." in err
    assert "Request id: r-1" in err
