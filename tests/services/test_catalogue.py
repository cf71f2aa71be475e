"""The catalogue: kept by admins, with canonical destinations only."""

from typing import Any

import pytest

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
