"""One's sessions: listed, ended one by one or together, and only one's own."""

import pytest
from django.test import Client
from django.urls import reverse

from egress.models import AuditEvent, Person, SignIn
from tests import factories
from tests.web.browsing import words

pytestmark = pytest.mark.django_db


def sign_in(username: str, device: str) -> Client:
    client = Client(headers={"User-Agent": device})
    form = {"username": username, "password": factories.PASSWORD}
    assert client.post(reverse("sign-in"), form).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("home")).status_code == 200


def test_sessions_are_listed_with_their_device(owner: Person) -> None:
    here = sign_in("owner", "Laptop")
    sign_in("owner", "Phone")
    said = words(here.get(reverse("sessions")))
    assert "Laptop" in said
    assert "Phone" in said
    assert "This session" in said


def test_one_session_is_ended_and_the_others_go_on(owner: Person) -> None:
    here, there = sign_in("owner", "Laptop"), sign_in("owner", "Phone")
    phone = SignIn.objects.get(device="Phone")
    assert here.post(reverse("session-end", args=[phone.pk])).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert here.post(reverse("session-end", args=[phone.pk])).status_code == 404


def test_all_others_are_ended_at_once(owner: Person) -> None:
    here, *others = [sign_in("owner", device) for device in ("Laptop", "Phone", "Tablet")]
    here.post(reverse("sessions-end"))
    assert is_in(here)
    assert not any(is_in(other) for other in others)
    assert AuditEvent.objects.filter(tag="person:sessions-ended").count() == 1


def test_nobody_ends_the_session_of_somebody_else(owner: Person, stranger: Person) -> None:
    theirs, mine = sign_in("stranger", "Phone"), sign_in("owner", "Laptop")
    row = SignIn.objects.get(device="Phone")
    assert mine.post(reverse("session-end", args=[row.pk])).status_code == 404
    assert is_in(theirs)


def test_a_session_begins_under_a_key_of_its_own(owner: Person) -> None:
    client = Client()
    client.get(reverse("sign-in"))
    session = client.session
    session["before"] = "here"
    session.save()
    client.cookies["egress_session"] = before = session.session_key
    form = {"username": "owner", "password": factories.PASSWORD}
    client.post(reverse("sign-in"), form)
    assert client.session.session_key != before


def test_a_new_password_keeps_this_session_on_the_list(owner: Person) -> None:
    client = sign_in("owner", "Laptop")
    new = "another long enough passphrase"
    form = {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new}
    client.post(reverse("password"), form)
    assert "This session" in words(client.get(reverse("sessions")))
