"""Several requests of the queue decided at once: each its own answer, and nothing typed is lost."""

import re
from typing import Any
from unittest.mock import patch

import pytest
from django.urls import reverse

from egress.domain.lifecycle import RequestStatus
from egress.models import Grant, Person, Request
from egress.services import requests as service
from egress.services.errors import Refused
from tests import factories
from tests.web.browsing import XSS, body, post, signed_in, words

pytestmark = pytest.mark.django_db


def decide_together(who: Person, *chosen: str, **data: object) -> Any:
    form = {"selected": list(chosen), "verdict": "approve", "note": "", **data}
    return signed_in(who).post(reverse("queue-decide"), form, follow=True)


def chosen(*requests: Request) -> list[str]:
    return [f"{request.pk}:{request.revision}" for request in requests]


def ticked(response: Any) -> list[str]:
    """The boxes that are ticked on a page of the queue."""
    boxes = re.findall(r'name="selected" value="([^"]+)"([^>]*)>', body(response))
    return [value for value, rest in boxes if " checked" in rest]


def deny(request: Request, who: Person) -> None:
    form = {"revision": str(request.revision), "verdict": "deny", "note": "No."}
    post(who, "request-decide", request.pk, data=form)


def test_several_are_approved_together_each_with_its_own_answer(
    asked: list[Request], alice: Person, mate: Person
) -> None:
    deny(asked[2], mate)
    answer = decide_together(alice, *chosen(*asked))
    page = words(answer)
    assert answer.status_code == 422
    assert f"Request {asked[0].pk} is approved" in page
    assert f"Request {asked[1].pk} is approved" in page
    assert f"1 request was not decided Request {asked[2].pk} is denied already." in page
    assert Grant.objects.count() == 2


def test_when_all_are_decided_the_queue_is_shown_as_it_was(
    asked: list[Request], alice: Person
) -> None:
    answer = decide_together(alice, *chosen(*asked[:2]), filters="q=api&sort=newest")
    assert answer.redirect_chain == [(reverse("queue") + "?q=api&sort=newest", 302)]
    assert f"Request {asked[1].pk} is approved" in words(answer)


def test_several_are_denied_together_only_with_a_reason(
    asked: list[Request], alice: Person
) -> None:
    answer = decide_together(alice, *chosen(*asked[:2]), verdict="deny", filters="sort=newest")
    assert answer.status_code == 422
    assert words(answer).count("Say why you deny this") == 1
    assert 'aria-describedby="together-note-errors"' in body(answer)
    assert ticked(answer) == chosen(asked[1], asked[0])
    assert '<option value="newest" selected>' in body(answer)
    assert not Request.objects.exclude(status=RequestStatus.PENDING).exists()
    decide_together(alice, *chosen(*asked[:2]), verdict="deny", note="Use the proxy.")
    assert Request.objects.filter(status=RequestStatus.DENIED).count() == 2


def test_a_note_that_cannot_be_kept_stands_there_again_with_the_ticks(
    asked: list[Request], alice: Person
) -> None:
    answer = decide_together(alice, *chosen(*asked), note="Too long. " * 300)
    assert "Shorten it to at most 2000." in words(answer)
    assert body(answer).count("Too long.") == 300
    assert ticked(answer) == chosen(*asked)
    assert not Grant.objects.exists()


def test_what_is_refused_stays_ticked_with_its_reason_at_its_row(
    asked: list[Request], alice: Person
) -> None:
    decide = service.decide

    def refuse_the_second(*, request: Request, **said: Any) -> Request:
        if request.pk == asked[1].pk:
            raise Refused("The host is taken.", fields={"destinations.0.host": ["Taken."]})
        return decide(request=request, **said)

    with patch.object(service, "decide", refuse_the_second):
        answer = decide_together(alice, *chosen(*asked), note=f"As agreed. {XSS}")
    row = body(answer).split(f'id="queue-{asked[1].pk}"')[1].split("</li>")[0]
    assert "The host is taken." in row
    assert f'aria-describedby="queue-{asked[1].pk}-refusal"' in row
    assert ticked(answer) == chosen(asked[1])
    assert "As agreed. &lt;script&gt;" in body(answer)
    assert f"Request {asked[1].pk} says why" in words(answer)
    assert Grant.objects.count() == 2


def test_what_was_edited_meanwhile_is_to_be_read_and_ticked_anew(
    asked: list[Request], alice: Person
) -> None:
    Request.objects.filter(pk=asked[0].pk).update(revision=2)
    answer = decide_together(alice, f"{asked[0].pk}:1")
    assert "edited meanwhile" in words(answer)
    assert ticked(answer) == []
    assert f'value="{asked[0].pk}:2"' in body(answer)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("by_hand", ["", "x", "1:x", "999999:1", "9" * 40, "\0:1", "²:1"])
def test_a_selection_made_by_hand_decides_nothing(
    asked: list[Request], alice: Person, by_hand: str
) -> None:
    assert decide_together(alice, by_hand).status_code == 422
    assert not Grant.objects.exists()


def test_those_who_may_not_decide_decide_nothing_together(
    asked: list[Request], owner: Person, stranger: Person
) -> None:
    elsewhere = factories.approver(namespaces="payments")
    for who in (owner, stranger, elsewhere):
        assert decide_together(who, *chosen(*asked)).status_code == 422
    assert not Grant.objects.exists()


def test_nothing_ticked_is_said_where_the_buttons_are(asked: list[Request], alice: Person) -> None:
    answer = decide_together(alice, note="As agreed.")
    box = body(answer).split('id="together-box"')[1]
    assert box.startswith(" open")
    assert "Select at least one request first." in box
    assert "As agreed.</textarea>" in box


def test_deciding_together_needs_the_token(asked: list[Request], alice: Person) -> None:
    client = signed_in(alice, enforce_csrf_checks=True)
    assert client.post(reverse("queue-decide"), {"selected": "1:1"}).status_code == 403
