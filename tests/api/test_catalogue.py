"""The presets, which everybody who is signed in may use."""

import pytest

from egress.models import CatalogueEntry, Namespace, Person
from tests.api.calling import Caller, problem, rows, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def preset(db: None) -> CatalogueEntry:
    """A preset with one destination."""
    destination = {
        "host": "api.stripe.com",
        "port": 443,
        "protocol": "TLS",
        "tls_origination": False,
    }
    return CatalogueEntry.objects.create(
        name="stripe", title="Stripe", destinations=[destination], owner="team-payments"
    )


def test_a_stranger_reads_the_presets_that_are_not_retired(
    preset: CatalogueEntry, stranger: Person
) -> None:
    CatalogueEntry.objects.create(name="old", title="Old", is_active=False)
    found = rows(Caller(stranger).get("/catalogue/"))
    assert [row["name"] for row in found] == ["stripe"]
    assert found[0]["destinations"] == preset.destinations


def test_a_preset_fits_into_a_request(
    preset: CatalogueEntry, shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    destinations = rows(caller.get("/catalogue/"))[0]["destinations"]
    answer = caller.post("/requests/", wish(shop, destinations=destinations))
    assert answer.status_code == 201, answer.content


def test_the_catalogue_is_not_changed_by_the_api(preset: CatalogueEntry, adam: Person) -> None:
    problem(Caller(adam).post("/catalogue/", {"name": "x"}), 405)
