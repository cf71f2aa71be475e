"""People, teams and roles, as admins keep them."""

from typing import Any

import pytest
from django.urls import reverse

from egress.models import AuditEvent, Cluster, Namespace, Person, Role, RoleBinding
from tests import factories
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db
NEW = {"username": "nora", "password": "a long enough passphrase", "email": "nora@example.com"}


@pytest.fixture
def dana() -> Person:
    """A developer of two teams."""
    return factories.person("dana", teams=["team-shop", "team-data"])


# --- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "alice", "olga"])
def test_only_admins_get_in(request: Any, who: str, dana: Person) -> None:
    person: Person = request.getfixturevalue(who)
    team = factories.team("team-shop")
    binding = factories.role(dana, Role.AUDITOR)
    pages: list[tuple[str, tuple[object, ...]]] = [
        ("administration", ()),
        ("people", ()),
        ("person-new", ()),
        ("person", (dana.pk,)),
        ("teams", ()),
        ("team-new", ()),
        ("team", (team.pk,)),
    ]
    for name, args in pages:
        response = get(person, name, *args)
        assert response.status_code == 403, name
        assert "Only admins manage people" in text(response)
    deeds = ["person", "person-role", "person-password", "person-deactivate", "person-reactivate"]
    for name in deeds:
        assert post(person, name, dana.pk, role="admin", password="x").status_code == 403
    assert post(person, "role-unbind", binding.pk).status_code == 403
    assert post(person, "team-role", team.pk, role="admin").status_code == 403
    assert not AuditEvent.objects.exists()


def test_an_approver_cannot_make_themselves_an_admin(alice: Person) -> None:
    assert post(alice, "person-role", alice.pk, role="admin").status_code == 403
    assert not RoleBinding.objects.filter(role=Role.ADMIN).exists()


# --- people -----------------------------------------------------------------------------------


def test_the_list_says_who_is_in_which_team_with_which_role(adam: Person, dana: Person) -> None:
    factories.role(dana, Role.APPROVER, namespaces="pay*")
    page = text(get(adam, "people"))
    assert "team-data, team-shop" in page
    assert "approver of pay*" in page


def test_the_list_costs_the_same_for_many_people(
    adam: Person, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        factories.approver(f"person-{number}", teams=[f"team-{number}"])
    client = signed_in(adam)
    with django_assert_max_num_queries(12):
        client.get(reverse("people"))


def test_an_admin_adds_somebody_who_can_sign_in(adam: Person) -> None:
    team = factories.team("team-shop")
    response = post(adam, "person-new", **NEW, teams=[team.pk])
    nora = Person.objects.get(username="nora")
    assert response["Location"] == reverse("person", args=[nora.pk])
    assert nora.check_password(NEW["password"])
    assert list(nora.groups.all()) == [team]
    assert (nora.is_staff, nora.is_superuser) == (False, False)


def test_a_superuser_cannot_be_made_by_adding_a_field(adam: Person) -> None:
    post(adam, "person-new", **NEW, is_superuser="on", is_staff="on")
    nora = Person.objects.get(username="nora")
    assert (nora.is_staff, nora.is_superuser) == (False, False)
    post(adam, "person", nora.pk, first_name="N", is_superuser="on", username="root")
    nora.refresh_from_db()
    assert (nora.is_superuser, nora.username) == (False, "nora")


def test_a_name_that_is_taken_keeps_what_was_typed_but_not_the_password(
    adam: Person, dana: Person
) -> None:
    response = post(adam, "person-new", **{**NEW, "username": "dana"})
    assert response.status_code == 409
    page = text(response)
    assert "nora@example.com" in page
    assert NEW["password"] not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "no spaces please"),
        ("username", XSS),
        ("password", "short"),
        ("password", "passwordpassword"[:8]),
        ("email", "nowhere"),
        ("first_name", "two\nlines"),
    ],
)
def test_what_cannot_be_accepted_is_named_beside_the_field(
    adam: Person, field: str, value: str
) -> None:
    response = post(adam, "person-new", **{**NEW, field: value})
    page = text(response)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert XSS not in page
    assert not Person.objects.filter(email="nora@example.com").exists()


def test_an_admin_changes_facts(adam: Person, dana: Person) -> None:
    assert post(adam, "person", dana.pk, first_name="Dana", email="d@example.com")["Location"]
    dana.refresh_from_db()
    assert (dana.first_name, dana.email) == ("Dana", "d@example.com")
    assert "Changed" in text(get(adam, "person", dana.pk))


def test_a_new_password_ends_the_sessions_of_that_person(adam: Person, dana: Person) -> None:
    client = signed_in(dana)
    assert client.get(reverse("account")).status_code == 200
    new = "another long passphrase"
    assert post(adam, "person-password", dana.pk, password=new).status_code == 302
    assert client.get(reverse("account")).status_code == 302
    dana.refresh_from_db()
    assert dana.check_password(new)


def test_a_weak_password_is_refused_and_not_repeated(adam: Person, dana: Person) -> None:
    response = post(adam, "person-password", dana.pk, password="hunter2")
    assert response.status_code == 422
    assert "hunter2" not in text(response)
    dana.refresh_from_db()
    assert dana.check_password(factories.PASSWORD)


def test_deactivating_ends_everything_at_once_and_can_be_undone(adam: Person, dana: Person) -> None:
    client = signed_in(dana)
    assert post(adam, "person-deactivate", dana.pk, reason="Left.").status_code == 302
    assert client.get(reverse("account")).status_code == 302
    assert "Inactive" in text(get(adam, "people"))
    assert post(adam, "person-deactivate", dana.pk, reason="Again.").status_code == 409
    assert post(adam, "person-reactivate", dana.pk).status_code == 302
    dana.refresh_from_db()
    assert dana.is_active


def test_the_last_admin_cannot_go(adam: Person) -> None:
    response = post(adam, "person-deactivate", adam.pk, reason="Holiday.")
    assert response.status_code == 422
    assert "without an active admin" in text(response)
    binding = RoleBinding.objects.get(person=adam)
    assert post(adam, "role-unbind", binding.pk).status_code == 422
    adam.refresh_from_db()
    assert adam.is_active


def test_somebody_who_is_not_there_is_missing(adam: Person) -> None:
    assert get(adam, "person", 4711).status_code == 404
    assert get(adam, "team", 4711).status_code == 404
    assert post(adam, "role-unbind", 4711).status_code == 404


# --- roles ------------------------------------------------------------------------------------


def test_an_approver_is_limited_to_a_scope(adam: Person, dana: Person, cluster: Cluster) -> None:
    sent = {"role": "approver", "cluster": cluster.pk, "namespaces": "pay*"}
    assert post(adam, "person-role", dana.pk, **sent).status_code == 302
    binding = RoleBinding.objects.get(person=dana)
    assert (binding.role, binding.cluster, binding.namespaces) == ("approver", cluster, "pay*")
    assert post(adam, "person-role", dana.pk, **sent).status_code == 409
    assert "approver of pay* in main" in text(get(adam, "person", dana.pk))


@pytest.mark.parametrize(
    "sent",
    [
        {"role": "king"},
        {"role": ""},
        {"role": "approver", "namespaces": "Pay[0-9]"},
        {"role": "admin", "namespaces": "pay*"},
        {"role": "approver", "cluster": "4711"},
    ],
)
def test_a_role_that_makes_no_sense_is_refused(
    adam: Person, dana: Person, sent: dict[str, str]
) -> None:
    assert post(adam, "person-role", dana.pk, **sent).status_code == 422
    assert not RoleBinding.objects.filter(person=dana).exists()


def test_a_role_is_taken_away_once(adam: Person, dana: Person) -> None:
    binding = factories.role(dana, Role.AUDITOR)
    response = post(adam, "role-unbind", binding.pk)
    assert response["Location"] == reverse("person", args=[dana.pk])
    assert post(adam, "role-unbind", binding.pk).status_code == 404
    assert AuditEvent.objects.filter(tag="role:unbound").count() == 1


# --- teams ------------------------------------------------------------------------------------


def test_a_team_gets_members_and_owns_what_its_name_is_on(
    adam: Person, dana: Person, shop: Namespace
) -> None:
    response = post(adam, "team-new", name="team-new")
    team = factories.team("team-new")
    assert response["Location"] == reverse("team", args=[team.pk])
    assert post(adam, "team", team.pk, people=[dana.pk, adam.pk]).status_code == 302
    assert set(team.user_set.all()) == {dana, adam}
    owning = factories.team("team-shop")
    assert reverse("namespace", args=["main", "shop"]) in text(get(adam, "team", owning.pk))


def test_members_who_are_inactive_stay_members_when_others_are_added(
    adam: Person, dana: Person
) -> None:
    team = factories.team("team-shop")
    Person.objects.filter(pk=dana.pk).update(is_active=False)
    page = text(get(adam, "team", team.pk))
    assert f'value="{dana.pk}"' in page


def test_a_team_of_the_same_name_is_a_conflict(adam: Person) -> None:
    factories.team("team-shop")
    assert post(adam, "team-new", name="team-shop").status_code == 409
    assert post(adam, "team-new", name="").status_code == 422


def test_a_role_for_a_team_is_shown_on_the_page_of_its_members(adam: Person, dana: Person) -> None:
    team = factories.team("team-shop")
    assert post(adam, "team-role", team.pk, role="auditor").status_code == 302
    binding = RoleBinding.objects.get(team=team)
    assert "Roles through teams" in text(get(adam, "person", dana.pk))
    assert post(adam, "role-unbind", binding.pk)["Location"] == reverse("team", args=[team.pk])


def test_names_are_never_markup(adam: Person) -> None:
    dana = factories.person("dana", first_name=XSS, teams=[XSS])
    for name, args in [("people", ()), ("teams", ()), ("person", (dana.pk,))]:
        assert XSS not in text(get(adam, name, *args))
    assert XSS not in text(get(adam, "team", dana.groups.get().pk))
