"""Accounts: made, changed and closed by admins; closing ends everything at once."""

import pytest
from django.contrib.auth import get_user
from django.test import Client

from egress.models import AuditEvent, Cluster, Namespace, Person
from egress.services import people, tokens
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make

STRONG = "correct horse battery"


def create(who: Person, username: str = "nina", password: str | None = STRONG) -> Person:
    return people.create_person(
        username=username,
        password=password,
        actor=make.actor(who),
        first_name="Nina",
        email="nina@example.com",
        teams=[make.team("team-shop")],
    )


def test_an_admin_creates_somebody_who_can_sign_in(adam: Person) -> None:
    nina = create(adam)
    assert nina.check_password(STRONG)
    assert [team.name for team in nina.groups.all()] == ["team-shop"]
    assert not nina.is_superuser
    assert not nina.is_staff
    assert STRONG not in str(list(AuditEvent.objects.values()))


def test_without_a_password_nobody_signs_in(adam: Person) -> None:
    assert not create(adam, password=None).has_usable_password()


def test_others_create_nobody(owner: Person, alice: Person, olga: Person) -> None:
    for who in (owner, alice, olga):
        with pytest.raises(NotAllowed):
            create(who)


@pytest.mark.parametrize("name", ["", "a b", "a\0", "-x", "x" * 151, "nina\n", "n<i>na"])
def test_a_strange_user_name_is_refused(adam: Person, name: str) -> None:
    with pytest.raises(Refused) as caught:
        create(adam, username=name if name != "nina\n" else "ni\nna")
    assert "username" in caught.value.fields


def test_a_user_name_is_taken_once(adam: Person) -> None:
    create(adam)
    with pytest.raises(Conflict):
        create(adam)


def test_a_user_name_in_another_case_is_taken(adam: Person, alice: Person) -> None:
    with pytest.raises(Conflict):
        create(adam, "Alice")


@pytest.mark.parametrize("password", ["short", "password1234", "nina-nina-nina"])
def test_a_weak_password_is_refused(adam: Person, password: str) -> None:
    with pytest.raises(Refused) as caught:
        create(adam, username="nina-nina-nina", password=password)
    assert "password" in caught.value.fields


def test_people_change_themselves_and_admins_everybody(
    owner: Person, mate: Person, adam: Person
) -> None:
    for who in (owner, adam):
        changed = people.change_person(
            person=owner, actor=make.actor(who), first_name="O", last_name="W", email="o@w.example"
        )
        assert changed.email == "o@w.example"
    with pytest.raises(NotAllowed):
        people.change_person(
            person=owner, actor=make.actor(mate), first_name="", last_name="", email=""
        )
    with pytest.raises(Refused) as caught:
        people.change_person(
            person=owner, actor=make.actor(owner), first_name="a\nb", last_name="", email="no"
        )
    assert set(caught.value.fields) == {"first_name", "email"}


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person, backend="egress.backend.PeopleBackend")
    assert is_signed_in(client)
    return client


def is_signed_in(client: Client) -> bool:
    request = type("R", (), {"session": client.session, "META": {}})()
    return bool(get_user(request).is_authenticated)


def test_closing_an_account_ends_sessions_and_tokens_at_once(
    owner: Person, mate: Person, adam: Person
) -> None:
    here, elsewhere = signed_in(owner), signed_in(owner)
    of_mate = signed_in(mate)
    _, secret = tokens.create(
        owner=owner, name="ci", scopes=["read"], days=30, actor=make.actor(owner)
    )
    assert tokens.authenticate(secret)
    people.deactivate(person=owner, actor=make.actor(adam), reason="Left.")
    assert not is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert is_signed_in(of_mate)
    assert tokens.authenticate(secret) is None
    event = AuditEvent.objects.get(tag="person:deactivated")
    assert (event.data["sessions_ended"], event.data["tokens_revoked"]) == (2, 1)


def test_opening_an_account_again_brings_no_session_or_token_back(
    owner: Person, adam: Person
) -> None:
    client = signed_in(owner)
    _, secret = tokens.create(
        owner=owner, name="ci", scopes=["read"], days=30, actor=make.actor(owner)
    )
    people.deactivate(person=owner, actor=make.actor(adam))
    with pytest.raises(Conflict):
        people.deactivate(person=owner, actor=make.actor(adam))
    people.reactivate(person=owner, actor=make.actor(adam))
    assert Person.objects.get(pk=owner.pk).is_active
    assert not is_signed_in(client)
    assert tokens.authenticate(secret) is None


def test_a_new_password_ends_sessions(owner: Person, mate: Person) -> None:
    client = signed_in(owner)
    with pytest.raises(NotAllowed):
        people.set_password(person=owner, password=STRONG, actor=make.actor(mate))
    people.set_password(person=owner, password=STRONG, actor=make.actor(owner))
    assert not is_signed_in(client)
    assert Person.objects.get(pk=owner.pk).check_password(STRONG)


def test_the_last_admin_cannot_be_closed(adam: Person, olga: Person) -> None:
    with pytest.raises(Refused) as caught:
        people.deactivate(person=adam, actor=make.actor(adam))
    assert caught.value.reason == "LastAdmin"
    assert Person.objects.get(pk=adam.pk).is_active
    second = make.admin()
    people.deactivate(person=adam, actor=make.actor(second))
    with pytest.raises(NotAllowed):
        people.deactivate(person=second, actor=make.actor(adam))


def test_somebody_who_is_not_there_is_missing(adam: Person, shop: Namespace) -> None:
    ghost = make.person()
    ghost.delete()
    ghost.pk = 999_999
    with pytest.raises(Missing):
        people.deactivate(person=ghost, actor=make.actor(adam))


def test_an_address_that_is_a_name_at_clusters_is_changed_by_admins_alone(
    shop: Namespace, owner: Person, adam: Person
) -> None:
    said = {"first_name": "", "last_name": "", "email": "other@example.com"}
    people.change_person(person=owner, actor=make.actor(owner), **said)
    Cluster.objects.update(owner_by_review=True, review_user="email")
    said["email"] = "third@example.com"
    with pytest.raises(Refused) as caught:
        people.change_person(person=owner, actor=make.actor(owner), **said)
    assert list(caught.value.fields) == ["email"]
    assert people.change_person(person=owner, actor=make.actor(adam), **said).email == said["email"]
