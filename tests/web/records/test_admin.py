"""The window on the rows: superusers look, nobody touches."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from egress.admin import site
from egress.models import AuditEvent, CatalogueEntry, Cluster, Person
from tests import factories
from tests.web.records.pages import get, post, signed_in, text

pytestmark = pytest.mark.django_db


def test_every_model_is_there() -> None:
    assert set(apps.get_app_config("egress").get_models()) <= set(site._registry)


@pytest.mark.parametrize("who", ["owner", "adam", "olga"])
def test_only_superusers_get_in(request: Any, who: str) -> None:
    person: Person = request.getfixturevalue(who)
    client = signed_in(person)
    index = client.get(reverse("admin:index"))
    assert client.get(index["Location"]).status_code == 403
    grants = client.get(reverse("admin:egress_grant_changelist"))
    assert client.get(grants["Location"]).status_code == 403


def test_a_visitor_is_sent_to_the_portals_own_sign_in(client: Any) -> None:
    first = client.get(reverse("admin:index"), follow=True)
    assert first.redirect_chain[-1][0].startswith(reverse("sign-in"))


def test_every_list_and_row_is_readable(superuser: Person, shop: Any) -> None:
    factories.grant(shop)
    client = signed_in(superuser)
    for model in site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist")).status_code == 200, name
        row = model._default_manager.first()
        if row is not None:
            assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, name


def test_nothing_can_be_added_changed_or_deleted(superuser: Person) -> None:
    entry = CatalogueEntry.objects.create(name="stripe", title="Stripe")
    name = "admin:egress_catalogueentry"
    assert get(superuser, f"{name}_add").status_code == 403
    assert post(superuser, f"{name}_add", name="x", title="X").status_code == 403
    assert post(superuser, f"{name}_change", entry.pk, title="Changed").status_code == 403
    assert get(superuser, f"{name}_delete", entry.pk).status_code == 403
    assert post(superuser, f"{name}_delete", entry.pk, post="yes").status_code == 403
    post(superuser, f"{name}_changelist", action="delete_selected", _selected_action=[entry.pk])
    entry.refresh_from_db()
    assert entry.title == "Stripe"
    assert CatalogueEntry.objects.count() == 1


def test_passwords_and_credentials_are_not_shown(superuser: Person, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(credentials=b"sealed-canary")
    assert "sealed-canary" not in text(get(superuser, "admin:egress_cluster_change", cluster.pk))
    page = text(get(superuser, "admin:egress_person_change", superuser.pk))
    assert superuser.password not in page


def test_passwords_are_changed_on_the_audited_page_only(superuser: Person) -> None:
    assert get(superuser, "admin:password_change")["Location"] == reverse("password")


def test_signing_out_there_signs_out_of_the_portal(superuser: Person) -> None:
    client = signed_in(superuser)
    client.get(reverse("admin:logout"))
    assert client.get(reverse("account")).status_code == 200
    client.post(reverse("admin:logout"))
    assert client.get(reverse("account")).status_code == 302


@pytest.mark.parametrize(
    "lookup", ["password__startswith=m", "tokens__digest__startswith=a", "username=root"]
)
def test_hidden_fields_are_not_guessed_by_filters_in_the_address(
    superuser: Person, lookup: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(superuser)
    rows = reverse("admin:egress_person_changelist")
    assert client.get(f"{rows}?{lookup}").status_code == 400


def test_signing_out_there_is_on_record(superuser: Person) -> None:
    signed_in(superuser).post(reverse("admin:logout"))
    assert AuditEvent.objects.get().tag == "person:signed-out"
