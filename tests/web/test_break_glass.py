"""Break-glass on the pages: who sees the way in, the confirm page, the second look, the list."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from egress.domain.lifecycle import Verdict
from egress.models import BreakGlass, Grant, Person, Request
from egress.services import break_glass, requests
from tests import factories as make
from tests.web.browsing import signed_in

pytestmark = pytest.mark.django_db
WHY = "Payments fail for everybody."


@pytest.fixture
def opened(asked_by_gina: Request, gina: Person) -> Request:
    """What gina opened for herself."""
    break_glass.open_at_once(request=asked_by_gina, actor=make.actor(gina), revision=1, reason=WHY)
    return asked_by_gina


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_only_who_may_sees_the_way_in(asked_by_gina: Request, gina: Person, owner: Person) -> None:
    assert "Break the glass" in page(signed_in(gina), f"/requests/{asked_by_gina.pk}")
    assert "Break the glass" not in page(signed_in(owner), f"/requests/{asked_by_gina.pk}")
    refused = page(signed_in(owner), f"/requests/{asked_by_gina.pk}/break-glass", 403)
    assert "you do not have the role break-glass" in refused


def test_somebody_opens_it_on_a_page_of_its_own(asked_by_gina: Request, gina: Person) -> None:
    client, address = signed_in(gina), f"/requests/{asked_by_gina.pk}/break-glass"
    shown = page(client, address)
    assert "This leaves out the approval" in shown
    assert "a.example.com" in shown
    typed = {"revision": 1, "reason": WHY, "hours": 2}
    answer = client.post(address, typed)
    assert (answer.status_code, answer["Location"]) == (302, f"/requests/{asked_by_gina.pk}")
    shown = page(client, f"/requests/{asked_by_gina.pk}")
    assert "Opened by break-glass" in shown
    assert WHY in shown
    assert "End it now" not in shown, "not for who opened it"
    assert client.get(address).status_code == 409


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"reason": "x", "hours": "2", "revision": "1"},
        {"reason": WHY, "hours": "900", "revision": "1"},
        {"reason": WHY, "hours": "two", "revision": "1"},
        {"reason": WHY, "hours": "2", "revision": "x"},
        {"reason": WHY, "hours": "9" * 400, "revision": "9" * 400},
    ],
)
def test_bad_input_is_said_and_kept(
    asked_by_gina: Request, gina: Person, typed: dict[str, str]
) -> None:
    answer = signed_in(gina).post(f"/requests/{asked_by_gina.pk}/break-glass", typed)
    assert answer.status_code in (409, 422)
    assert typed.get("reason", "") in answer.content.decode()
    assert not BreakGlass.objects.exists()


def test_an_edit_in_between_is_shown_before_it_is_opened(
    asked_by_gina: Request, gina: Person
) -> None:
    Request.objects.update(revision=2)
    typed = {"revision": 1, "reason": WHY, "hours": 2}
    answer = signed_in(gina).post(f"/requests/{asked_by_gina.pk}/break-glass", typed)
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert 'name="revision" value="2"' in shown
    assert WHY in shown


def test_an_approver_finds_it_first_in_the_queue_and_confirms_it(
    opened: Request, mate: Person
) -> None:
    client = signed_in(mate)
    assert "1 opening waits for your second look" in page(client, "/")
    queue = page(client, "/queue")
    assert "Second looks" in queue
    assert WHY in queue
    answer = client.post(f"/requests/{opened.pk}/second-look", {"says": "confirm", "note": ""})
    assert answer.status_code == 302
    assert BreakGlass.objects.get().outcome == "confirmed"
    assert "second look" not in page(client, "/")
    assert "Second looks" not in page(client, "/queue")


def test_ending_it_needs_a_note_which_is_kept(opened: Request, mate: Person) -> None:
    client, address = signed_in(mate), f"/requests/{opened.pk}/second-look"
    refused = client.post(address, {"says": "end", "note": " "})
    assert refused.status_code == 422
    assert "The note is empty" in refused.content.decode()
    refused = client.post(address, {"says": "perhaps", "note": "What I typed."})
    assert refused.status_code == 422
    assert "What I typed." in refused.content.decode()
    assert client.post(address, {"says": "end", "note": "Not needed."}).status_code == 302
    assert Grant.objects.get().status == "revoked"
    assert client.post(address, {"says": "confirm"}).status_code == 409


def test_ending_says_what_stays_open(opened: Request, gina: Person, mate: Person) -> None:
    Grant.objects.update(status="active", active_at=timezone.now())
    grant = Grant.objects.get()
    renewal = requests.renew(
        grant=grant, actor=make.actor(gina), reason="We need it longer.", duration_days=30
    )
    verdicts = {0: Verdict.APPROVED}
    requests.decide(request=renewal, actor=make.actor(mate), revision=1, verdicts=verdicts)
    typed = {"says": "end", "note": "Not needed."}
    answer = signed_in(mate).post(f"/requests/{opened.pk}/second-look", typed, follow=True)
    shown = answer.content.decode()
    assert f"Grant #{grant.pk} stays: request #{renewal.pk} renewed it." in shown
    assert "Ended. The mesh" not in shown


def test_nobody_else_gives_the_second_look(opened: Request, gina: Person, adam: Person) -> None:
    for who in (gina, adam):
        answer = signed_in(who).post(f"/requests/{opened.pk}/second-look", {"says": "confirm"})
        assert answer.status_code == 403
    assert BreakGlass.objects.get().is_awaited


@pytest.mark.parametrize("who", ["adam", "olga", "mate", "gina"])
def test_the_list_shows_what_one_may_read(
    opened: Request, who: str, request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert WHY in page(client, "/break-glass")
    assert WHY in page(client, "/break-glass?outcome=pending")
    assert WHY not in page(client, "/break-glass?outcome=lapsed")
    assert WHY not in page(client, "/break-glass?outcome=x")


def test_the_list_hides_what_is_of_others(opened: Request, stranger: Person) -> None:
    assert WHY not in page(signed_in(stranger), "/break-glass")


def test_grant_and_access_check_say_so_loudly(opened: Request, gina: Person) -> None:
    grant = Grant.objects.get()
    client = signed_in(gina)
    assert "Break-glass" in page(client, f"/grants/{grant.pk}")
    Grant.objects.update(status="active", applied_at=grant.created_at)
    asks = "/access?cluster=main&namespace=shop&host=a.example.com&port=443"
    assert "opened by break-glass" in page(client, asks)


def test_pages_read_the_database_a_few_times(
    opened: Request, mate: Person, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(mate)
    for address in ("/", "/queue", "/break-glass", f"/requests/{opened.pk}"):
        with django_assert_max_num_queries(12):
            page(client, address)


def test_the_confirm_page_reads_the_database_a_few_times(
    asked_by_gina: Request, gina: Person, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(gina)
    with django_assert_max_num_queries(12):
        page(client, f"/requests/{asked_by_gina.pk}/break-glass")
