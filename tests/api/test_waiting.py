"""`?wait=`: held until the access is in force, and never for longer or for too many."""

from threading import BoundedSemaphore

import pytest

from egress.api import waiting
from egress.domain.lifecycle import GrantStatus
from egress.models import Grant, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db


def test_the_answer_comes_when_the_grant_is_in_force(
    shop: Namespace, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant, looks = make.grant(shop, owner, status=GrantStatus.PENDING), []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            Grant.objects.filter(pk=grant.pk).update(status=GrantStatus.ACTIVE)

    monkeypatch.setattr(waiting, "pause", pause)
    answer = Caller(owner).get(f"/grants/{grant.pk}/", {"wait": 30})
    assert answer.json()["status"] == "active"
    assert answer["Preference-Applied"] == "wait"
    assert looks == [waiting.EVERY_SECONDS] * 3


def test_what_needs_no_waiting_is_answered_at_once(shop: Namespace, owner: Person) -> None:
    grant = make.grant(shop, owner)
    assert "Preference-Applied" not in Caller(owner).get(f"/grants/{grant.pk}/", {"wait": 30})


def test_with_every_place_taken_the_answer_comes_at_once(
    shop: Namespace, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = BoundedSemaphore(1)
    monkeypatch.setattr(waiting, "_places", places)
    places.acquire()
    asked = make.request(shop, owner)
    answer = Caller(owner).get(f"/requests/{asked.pk}/", {"wait": 30})
    assert (answer.status_code, answer["Retry-After"]) == (200, "2")


@pytest.mark.parametrize("wait", ["31", "-1", "x", "1.5", "\0"])
def test_a_time_that_is_none_is_refused(shop: Namespace, owner: Person, wait: str) -> None:
    asked = make.request(shop, owner)
    problem(Caller(owner).get(f"/requests/{asked.pk}/", {"wait": wait}), 422)
