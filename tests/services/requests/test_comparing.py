"""A draft against the live cluster: what would be written, and what stands in the way."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.naming import base
from egress.domain.plan import Action
from egress.models import AuditEvent, OwnedObject, Person, Request, Slice
from egress.services import requests
from egress.services.errors import Unavailable
from egress.services.requests import Comparison, comparing
from tests import factories as make
from tests.services.connected import GRANTED, Connected, company_connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def mesh(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    with company_connected(settings, monkeypatch) as made:
        made.cluster.enforcement = "sidecar"
        made.cluster.save()
        yield made


def compared(mesh: Connected, who: Person, *hosts: str) -> Comparison:
    draft = make.draft(mesh.namespace(), *(hosts or [GRANTED]))
    return requests.compare(draft=draft, actor=make.actor(who))


def plant(mesh: Connected, host: str, ports: list[dict[str, object]]) -> str:
    """Put an entry where the portal would write its own, and return its uid."""
    spec = {"hosts": [host], "location": "MESH_EXTERNAL", "resolution": "DNS", "ports": ports}
    planted = mesh.company.plant(
        "ServiceEntry", "shop", base(host), spec={**spec, "exportTo": ["."]}
    )
    return str(planted["metadata"]["uid"])


def own(mesh: Connected, host: str, uid: str) -> None:
    row = Slice.objects.create(cluster=mesh.cluster, key="namespace:shop", due_at=timezone.now())
    OwnedObject.objects.create(
        cluster=mesh.cluster,
        slice=row,
        api_version="networking.istio.io/v1",
        kind="ServiceEntry",
        namespace="shop",
        name=base(host),
        uid=uid,
    )


def test_what_is_not_there_would_be_created(mesh: Connected, owner: Person) -> None:
    found = compared(mesh, owner, "a.example.com", "b.example.com")
    assert found.problem == ""
    assert [(one.key.kind, one.action) for one in found.objects] == [
        ("ServiceEntry", Action.CREATE),
        ("ServiceEntry", Action.CREATE),
    ]
    assert "+  - a.example.com" in found.objects[0].diff
    assert not Request.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_object_of_ours_that_differs_would_be_updated(mesh: Connected, owner: Person) -> None:
    port = {"number": 8443, "name": "tls-8443", "protocol": "TLS"}
    own(mesh, GRANTED, plant(mesh, GRANTED, [port]))
    (one,) = compared(mesh, owner).objects
    assert one.action is Action.UPDATE
    assert "-  - number: 8443" in one.diff
    assert "+  - number: 443" in one.diff


def test_an_object_of_somebody_else_is_shown_and_not_compared(
    mesh: Connected, owner: Person
) -> None:
    plant(mesh, GRANTED, [{"number": 443, "name": "secret-name", "protocol": "TLS"}])
    (one,) = compared(mesh, owner).objects
    assert (one.action, one.diff) == (Action.FOREIGN, "")


def test_nobody_looks_at_a_namespace_that_is_not_theirs(mesh: Connected, stranger: Person) -> None:
    found = compared(mesh, stranger)
    assert found.objects == ()
    assert found.problem


def test_a_cluster_that_does_not_answer_is_said(
    mesh: Connected, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable("It does not answer.")

    monkeypatch.setattr(comparing, "open_gateway", away)
    found = compared(mesh, owner)
    assert found.objects == ()
    assert found.problem == "The cluster could not be read: It does not answer."


def test_a_draft_that_is_not_understood_is_said(mesh: Connected, owner: Person) -> None:
    assert "type a host first" in compared(mesh, owner, "not a host").problem
