"""Foreign objects by the API: the list, and asking for adoption."""

from collections.abc import Iterator
from typing import Any

import pytest

from egress.cluster import kinds
from egress.models import Adoption, Cluster, ForeignObject, Person, Request
from egress.services import posture
from tests import factories as make
from tests.api.calling import Caller, problem, rows
from tests.services.adopting import HOST, Adopting, adopting_company

pytestmark = pytest.mark.django_db
LIST, ADOPT = "/clusters/company/foreign/", "/clusters/company/foreign/adopt/"


@pytest.fixture
def company(alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adopting]:
    with adopting_company(settings, monkeypatch) as made:
        made.plant()
        posture.look(Cluster.objects.get(pk=made.cluster.pk), made.gateway)
        yield made


def body(**more: Any) -> dict[str, Any]:
    row = ForeignObject.objects.get(name="partner")
    return {
        "kind": row.kind,
        "namespace": row.namespace,
        "name": row.name,
        "uid": row.uid,
        "resource_version": row.resource_version,
        "reason": "The partner still needs it.",
        "duration_days": 30,
        **more,
    }


def test_the_list_says_what_serves_whom_and_when_it_was_made(
    company: Adopting, owner: Person, adam: Person
) -> None:
    answer = Caller(owner).get(LIST)
    (row,) = rows(answer)
    assert (row["kind"], row["name"], row["hosts"]) == ("ServiceEntry", "partner", [HOST])
    assert (row["serves"], row["ports"], row["adoptable"]) == (["shop"], [443], True)
    assert answer.json()["looked_at"]
    assert answer.json()["total"] is None, "how many others there are is not theirs to know"
    assert Caller(adam).get(LIST).json()["total"] == 2


def test_the_list_is_narrowed_and_knows_its_filters(company: Adopting, adam: Person) -> None:
    caller = Caller(adam)
    assert [row["name"] for row in rows(caller.get(LIST, {"host": "sftp"}))] == ["sftp-partner"]
    assert rows(caller.get(LIST, {"adoptable": "false"})) == []
    problem(caller.get(LIST, {"hosts": "typo"}), 422)


def test_strangers_do_not_even_find_the_cluster(company: Adopting) -> None:
    problem(Caller(make.person("nobody")).get(LIST), 404)


def test_an_adoption_is_asked_for_once_however_often_it_is_sent(
    company: Adopting, owner: Person
) -> None:
    caller = Caller(owner)
    first = caller.post(ADOPT, body(), key="once")
    assert first.status_code == 201, first.content
    again = caller.post(ADOPT, body(), key="once")
    assert again.json()["id"] == first.json()["id"]
    assert Request.objects.count() == 1
    adopts = first.json()["adopts"]
    assert (adopts["name"], adopts["outcome"]) == ("partner", "waiting")
    assert first.json()["destinations"][0]["host"] == HOST


def test_another_version_is_a_conflict(company: Adopting, owner: Person) -> None:
    problem(Caller(owner).post(ADOPT, body(resource_version="1")), 409, "AdoptionStale")


def test_what_cannot_be_adopted_is_refused_with_its_reason(
    company: Adopting, owner: Person
) -> None:
    problem(Caller(owner).post(ADOPT, body(kind="Sidecar")), 422, "KindNotAdoptable")
    company.plant("wide", exportTo=["*"])
    wide = company.gateway.get(kinds.SERVICE_ENTRY, "shop", "wide")
    assert wide is not None
    version = {
        "name": "wide",
        "uid": wide["metadata"]["uid"],
        "resource_version": wide["metadata"]["resourceVersion"],
    }
    problem(Caller(owner).post(ADOPT, body(**version)), 422, "ExportedToAll")


def test_others_may_not_ask(company: Adopting, alice: Person, stranger: Person) -> None:
    problem(Caller(alice).post(ADOPT, body()), 403, "NotTheOwner")
    problem(Caller(stranger).post(ADOPT, body()), 404)
    assert not Adoption.objects.exists()


def test_a_namespace_that_is_none_is_not_found(company: Adopting, adam: Person) -> None:
    problem(Caller(adam).post(ADOPT, body(namespace="../../x")), 404)


def test_requests_tell_what_they_adopt_and_others_that_they_do_not(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopted(
        company.gateway.list(kinds.SERVICE_ENTRY, "shop").items[0], owner, alice
    )
    company.converge(2)
    told = Caller(owner).get(f"/requests/{request.pk}/").json()["adopts"]
    assert told["outcome"] == "deleted"
    assert told["outcome_at"]
    plain = make.request(company.mesh.namespace(), owner)
    assert Caller(owner).get(f"/requests/{plain.pk}/").json()["adopts"] is None
