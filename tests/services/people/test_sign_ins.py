"""Who came and went is on record; who was not let in is in the log."""

from unittest.mock import patch

import pytest
from django.db import DatabaseError
from structlog.testing import capture_logs

from egress.models import AuditEvent, Person
from egress.services import people
from egress.services.actor import Actor
from egress.services.errors import NotAllowed, Unavailable
from tests import factories as make


def test_signing_in_and_out_is_on_record(owner: Person) -> None:
    people.note_sign_in(actor=make.actor(owner, request_id="abc-1"))
    people.note_sign_out(actor=make.actor(owner))
    went, came = AuditEvent.objects.all()
    assert (came.tag, went.tag) == ("person:signed-in", "person:signed-out")
    assert (came.actor, came.source, came.request_id) == ("owner", "web", "abc-1")
    assert (came.target, came.target_id) == ("person", str(owner.pk))


def test_without_audit_nobody_signs_in(owner: Person) -> None:
    with patch.object(AuditEvent, "save", side_effect=DatabaseError), pytest.raises(Unavailable):
        people.note_sign_in(actor=make.actor(owner))


def test_the_portal_itself_does_not_sign_in(db: None) -> None:
    with pytest.raises(NotAllowed):
        people.note_sign_in(actor=Actor.system("robot"))


def test_a_failed_sign_in_is_logged_and_not_on_record(owner: Person) -> None:
    with capture_logs() as lines:
        people.note_failed_sign_in(username="owner")
    assert [(line["event"], line["username"]) for line in lines] == [("sign_in_failed", "owner")]
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("typed", ["correct horse battery", "own\0er", ""])
def test_what_is_no_user_name_stays_out_of_the_log(owner: Person, typed: str) -> None:
    with capture_logs() as lines:
        people.note_failed_sign_in(username=typed)
    assert [line["username"] for line in lines] == [""]
