"""The catalogue: kept by admins, with canonical destinations only."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from egress.domain.catalogue import PRESETS
from egress.models import AuditEvent, CatalogueEntry, Person
from egress.services import catalogue
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make


def save(who: Person, **fields: Any) -> CatalogueEntry:
    given: dict[str, Any] = {
        "name": "registry",
        "title": "Package registry",
        "destinations": [make.destination("Registry.Example.com")],
        **fields,
    }
    return catalogue.save(actor=make.actor(who), **given)


def test_an_admin_saves_a_preset(adam: Person) -> None:
    entry = save(adam, notes="For builds.", owner="team-platform")
    assert entry.destinations == [
        {"host": "registry.example.com", "port": 443, "protocol": "TLS", "tls_origination": False}
    ]
    assert AuditEvent.objects.get().tag == "catalogue:saved"


def test_a_change_keeps_the_entry_and_tells_what_was_before(adam: Person) -> None:
    entry = save(adam)
    changed = save(adam, entry=entry, title="Packages")
    assert changed.pk == entry.pk
    event = AuditEvent.objects.first()
    assert event is not None
    assert event.data["before"]["title"] == "Package registry"
    assert event.data["after"]["title"] == "Packages"


def test_others_save_and_retire_nothing(adam: Person, owner: Person, alice: Person) -> None:
    entry = save(adam)
    for who in (owner, alice):
        with pytest.raises(NotAllowed):
            save(who, name="mine")
        with pytest.raises(NotAllowed):
            catalogue.retire(entry=entry, actor=make.actor(who))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "Not a name"}, "name"),
        ({"title": ""}, "title"),
        ({"destinations": []}, "destinations"),
        ({"destinations": [make.destination("10.1.2.3")]}, "destinations.0.host"),
        ({"notes": "x" * 2001}, "notes"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    adam: Person, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        save(adam, **given)
    assert list(caught.value.fields) == [field]


def test_a_name_is_taken_once(adam: Person) -> None:
    save(adam)
    with pytest.raises(Conflict):
        save(adam)


def test_a_preset_is_retired_once(adam: Person) -> None:
    entry = save(adam)
    assert not catalogue.retire(entry=entry, actor=make.actor(adam)).is_active
    with pytest.raises(Conflict):
        catalogue.retire(entry=entry, actor=make.actor(adam))
    entry.delete()
    entry.pk = 999_999
    with pytest.raises(Missing):
        catalogue.retire(entry=entry, actor=make.actor(adam))


def test_the_presets_of_the_portal_are_loaded_once(adam: Person) -> None:
    first = catalogue.load(actor=make.actor(adam), owner="platform")
    assert set(first.added) == {preset.name for preset in PRESETS}
    assert first.kept == ()
    again = catalogue.load(actor=make.actor(adam))
    assert again.added == ()
    assert set(again.kept) == set(first.added)
    assert AuditEvent.objects.filter(tag="catalogue:saved").count() == len(PRESETS)


def test_what_admins_changed_or_retired_stays_so(adam: Person) -> None:
    actor = make.actor(adam)
    changed = save(adam, name="github", title="Our GitHub")
    retired = save(adam, name="slack", title="No Slack here")
    catalogue.retire(entry=retired, actor=actor)
    loaded = catalogue.load(actor=actor)
    assert set(loaded.kept) == {"github", "slack"}
    changed.refresh_from_db()
    retired.refresh_from_db()
    assert (changed.title, changed.destinations[0]["host"]) == (
        "Our GitHub",
        "registry.example.com",
    )
    assert not retired.is_active


def test_a_loaded_preset_is_stored_as_a_request_takes_it(adam: Person) -> None:
    catalogue.load(actor=make.actor(adam), owner="platform")
    entry = CatalogueEntry.objects.get(name="ecb-rates")
    assert entry.owner == "platform"
    assert entry.notes.startswith("Public data. ")
    assert entry.destinations == [
        {"host": "www.ecb.europa.eu", "port": 80, "protocol": "HTTP", "tls_origination": True}
    ]


def test_only_admins_load_presets(owner: Person) -> None:
    with pytest.raises(NotAllowed):
        catalogue.load(actor=make.actor(owner))
    assert not CatalogueEntry.objects.exists()


@pytest.mark.django_db
def test_operators_load_presets_at_the_command_line() -> None:
    out = StringIO()
    call_command("load_catalogue", "--owner", "platform", stdout=out)
    assert f"{len(PRESETS)} presets were added, 0 were there already." in out.getvalue()
    call_command("load_catalogue", stdout=out)
    assert f"0 presets were added, {len(PRESETS)} were there already." in out.getvalue()
    assert set(CatalogueEntry.objects.values_list("owner", flat=True)) == {"platform"}
    assert AuditEvent.objects.filter(actor="manage.py load_catalogue").exists()
