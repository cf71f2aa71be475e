"""Whatever single thing of a faithful set is spoilt: an answer changes, or an anomaly appears."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from egress.domain.access import Subject
from egress.domain.explain import Mesh
from egress.domain.objects import KubeObject, key_of
from tests.domain.explain.mutations import (
    ACCOUNTS,
    NAMESPACES,
    Mutation,
    cases,
    mutations,
    rendered,
)
from tests.domain.strategies import HTTP, TCP, TLS, Case

CASES = dict(zip(["gateway", "sidecar", "central", "ambient", "mixed"], cases(), strict=True))
EACH = 120
Destination = tuple[str, int, Any]


def mesh_of(case: Case, objects: list[KubeObject]) -> Mesh:
    """The mesh that these objects make on the cluster of a case."""
    return Mesh(objects, cluster=case.cluster, inventory=case.inventory)


def destinations(case: Case, objects: list[KubeObject]) -> Iterator[Destination]:
    """Every host, alias and address with every port that the objects or the grants name."""
    for access in case.grants:
        found = access.destination
        for name in {found.host, found.alias} - {""}:
            yield name, found.port, found.protocol
    for obj in objects:
        spec = obj.get("spec") or {}
        names = [*(spec.get("hosts") or []), *(spec.get("addresses") or [])]
        names += [a for end in obj.get("endpoints") or [] for a in end.get("addresses") or []]
        listed = [port for port in _ports(obj) if isinstance(port, dict)]
        ports: set[int] = {port.get("number") or port.get("port") or 0 for port in listed}
        for name in names if obj["kind"] in ("ServiceEntry", "EndpointSlice") else ():
            for port in ports:
                for protocol in (HTTP, TLS, TCP):
                    yield as_asked(name), port, protocol


def _ports(obj: KubeObject) -> list[Any]:
    return [*((obj.get("spec") or {}).get("ports") or []), *(obj.get("ports") or [])]


def as_asked(name: str) -> str:
    """A host as it is, an address as the range that holds it alone."""
    return f"{name}/32" if name[0].isdecimal() and "/" not in name else name


def answers(mesh: Mesh, asked: list[Destination]) -> list[bool]:
    """What everybody reaches, through their proxies and at the gateway itself."""
    return [
        look(Subject(namespace, account), *destination).allowed
        for look in (mesh.can, mesh.admits)
        for namespace in NAMESPACES
        for account in ("", *ACCOUNTS)
        for destination in asked
    ]


def is_noticed(case: Case, faithful: list[KubeObject], mutation: Mutation) -> bool:
    """Whether a mutation shows."""
    spoilt = mutation.applied(faithful)
    mesh = mesh_of(case, spoilt)
    if mesh.anomalies():
        return True
    asked = sorted({*destinations(case, faithful), *destinations(case, spoilt)})
    return answers(mesh_of(case, faithful), asked) != answers(mesh, asked)


@pytest.mark.parametrize("name", CASES)
def test_every_spoilt_thing_is_noticed(name: str) -> None:
    case = CASES[name]
    faithful = rendered(case)
    assert mesh_of(case, faithful).anomalies() == ()
    luck = mutations(faithful, random.Random(name))
    missed = [
        (str(key_of(faithful[mutation.place])), mutation)
        for mutation in (next(luck) for _ in range(EACH))
        if not is_noticed(case, faithful, mutation)
    ]
    assert missed == []


@pytest.mark.parametrize("name", CASES)
def test_every_dropped_object_is_noticed(name: str) -> None:
    case = CASES[name]
    faithful = rendered(case)
    assert [
        str(key_of(obj))
        for place, obj in enumerate(faithful)
        if not is_noticed(case, faithful, Mutation(place, (), "dropped"))
    ] == []


def test_at_least_five_hundred_things_are_spoilt() -> None:
    assert EACH * len(CASES) >= 500
