"""Stages of requests, and delegations, as programs see them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from egress.models import Namespace, Person
from egress.services import requests
from tests import factories as make

pytestmark = pytest.mark.django_db
DELEGATIONS = "/api/v1/delegations/"


def as_(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


def test_the_stages_of_a_request_tell_who_is_missing(
    shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    draft = make.draft(shop, make.destination("sftp.example.com", 22))
    asked = requests.submit(draft=draft, actor=make.actor(owner))
    url = f"/api/v1/requests/{asked.pk}/stages/"
    (stage,) = as_(owner).get(url).json()
    assert stage == {
        "name": "approval",
        "team": "",
        "approvals": 2,
        "approved_by": [],
        "missing": 2,
        "could": ["alice", "mate"],
    }
    body = {"revision": 1}
    approve = f"/api/v1/requests/{asked.pk}/approve/"
    as_(alice).post(approve, body, content_type="application/json")
    (stage,) = as_(owner).get(url).json()
    assert (stage["approved_by"], stage["missing"], stage["could"]) == (["alice"], 1, ["mate"])
    alice.roles.all().delete()
    (stage,) = as_(owner).get(url).json()
    assert stage["approved_by"] == [], "who may not decide any more does not count"
    assert as_(make.person()).get(url).status_code == 404


def test_an_approver_lends_their_scopes_and_takes_them_back(alice: Person, owner: Person) -> None:
    ends = (timezone.now() + timedelta(days=3)).isoformat()
    body = {"delegate": "owner", "ends_at": ends, "reason": "Holidays."}
    made = as_(alice).post(DELEGATIONS, body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert (made.json()["lender"], made.json()["delegate"]) == ("alice", "owner")
    (seen,) = as_(owner).get(DELEGATIONS).json()["results"]
    one = f"{DELEGATIONS}{seen['id']}/"
    assert as_(make.person()).delete(one).status_code == 404
    assert as_(alice).delete(one).status_code == 204
    assert as_(alice).delete(one).status_code == 409
    refused = as_(owner).post(DELEGATIONS, body, content_type="application/json")
    assert refused.status_code == 422
