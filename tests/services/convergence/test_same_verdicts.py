"""The pass by hash says which slices to look at; looking at all of them would find no more."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.objects import key_of
from egress.models import Cluster, Grant, OwnedObject, Slice
from egress.services import convergence
from egress.services.convergence.examining import Examiner
from egress.services.convergence.expected import expected_of
from egress.services.convergence.places import Labels, kinds_to_read, recorded
from egress.services.convergence.scanning import Register, Suspicion, scan
from tests.services.world import World, foreign_entry

EDITS = 25
Found = dict[str, list[str]]


def all_of(world: World) -> list[KubeObject]:
    """Return every live object that carries our labels or that we wrote."""
    known = {row.uid for row in OwnedObject.objects.all()}
    listed = [
        obj
        for kind in (*KINDS, kinds.SIDECAR, kinds.NETWORK_POLICY)
        for obj in world.sandbox.gateway.list(kind).items
    ]
    labels = owner_labels("any")
    return [
        obj
        for obj in listed
        if obj["metadata"]["uid"] in known
        or labels.keys() <= (obj["metadata"].get("labels") or {}).keys()
    ]


KINDS = (
    kinds.SERVICE_ENTRY,
    kinds.DESTINATION_RULE,
    kinds.VIRTUAL_SERVICE,
    kinds.GATEWAY,
    kinds.AUTHORIZATION_POLICY,
)


def verdicts(world: World) -> tuple[Found, Found]:
    """Return what is found by looking at the suspects, and by looking at every slice."""
    cluster = Cluster.objects.get(pk=world.cluster.pk)
    gateway, records = world.sandbox.gateway, recorded(cluster)
    keys = set(cluster.slices.values_list("key", flat=True))
    register = Register.of(expected_of(cluster, keys), records, Labels(cluster))
    suspicion = scan(gateway, kinds_to_read(cluster, records), register)
    everything = Suspicion(keys, {*register.wanted, *records})
    for obj in all_of(world):
        key = key_of(obj)
        record = records.get(key)
        place = record.slice if record else register.labels.slice_of(key, obj)
        everything.objects.add(key)
        everything.beside.setdefault(place, set()).add(key)
    return tuple(found(cluster, world, register, each) for each in (suspicion, everything))  # type: ignore[return-value]


def found(cluster: Cluster, world: World, register: Register, suspicion: Suspicion) -> Found:
    examiner = Examiner(cluster, world.sandbox.gateway, register, suspicion)
    rows = Slice.objects.filter(cluster=cluster, key__in=suspicion.slices)
    drifts = examiner.examine(rows.values_list("pk", flat=True))
    return {drift.key: sorted(one["object"] for one in drift.changes) for drift in drifts}


def strip_labels(world: World, obj: KubeObject, draw: random.Random) -> None:
    labels = draw.sample(sorted(obj["metadata"].get("labels") or {}), k=1)
    world.sandbox.patch(obj, {"metadata": {"labels": dict.fromkeys(labels)}})


def strip_all_labels(world: World, obj: KubeObject, draw: random.Random) -> None:
    labels = dict.fromkeys(obj["metadata"].get("labels") or {})
    world.sandbox.patch(obj, {"metadata": {"labels": labels}})


def export_to_all(world: World, obj: KubeObject, draw: random.Random) -> None:
    if obj["kind"] in ("ServiceEntry", "DestinationRule", "VirtualService"):
        world.sandbox.patch(obj, {"spec": {"exportTo": ["*"]}})


def delete(world: World, obj: KubeObject, draw: random.Random) -> None:
    world.sandbox.remove(obj)


def make_again(world: World, obj: KubeObject, draw: random.Random) -> None:
    """Delete an object and let somebody make the same one: another uid, the same content."""
    metadata = {
        name: obj["metadata"][name]
        for name in ("name", "namespace", "labels", "annotations")
        if name in obj["metadata"]
    }
    world.sandbox.remove(obj)
    world.sandbox.put({**{k: v for k, v in obj.items() if k != "status"}, "metadata": metadata})


def add_a_field(world: World, obj: KubeObject, draw: random.Random) -> None:
    """Somebody tunes what is theirs to tune in a DestinationRule: no drift."""
    if obj["kind"] == "DestinationRule":
        pool = {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 7}}}}
        world.sandbox.patch(obj, {"spec": pool})


def annotate(world: World, obj: KubeObject, draw: random.Random) -> None:
    world.sandbox.patch(obj, {"metadata": {"annotations": {"team/note": "theirs"}}})


def forge_the_hash(world: World, obj: KubeObject, draw: random.Random) -> None:
    name = "egress-portal.io/content-hash"
    world.sandbox.patch(obj, {"metadata": {"annotations": {name: "0" * 64}}})


def reverse_a_list(world: World, obj: KubeObject, draw: random.Random) -> None:
    lists = [name for name, value in obj.get("spec", {}).items() if isinstance(value, list)]
    if lists:
        name = draw.choice(lists)
        world.sandbox.patch(obj, {"spec": {name: obj["spec"][name][::-1]}})


def add_a_port(world: World, obj: KubeObject, draw: random.Random) -> None:
    if obj["kind"] == "ServiceEntry":
        port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
        world.sandbox.patch(obj, {"spec": {"ports": [*obj["spec"]["ports"], port]}})


def copy_it(world: World, obj: KubeObject, draw: random.Random) -> None:
    metadata = {
        "name": f"copied-{draw.randrange(10**9)}",
        "namespace": obj["metadata"]["namespace"],
        "labels": obj["metadata"].get("labels") or {},
    }
    world.sandbox.put({**{k: v for k, v in obj.items() if k != "status"}, "metadata": metadata})


def lose_a_grant(world: World, obj: KubeObject, draw: random.Random) -> None:
    grants = list(Grant.objects.order_by("pk"))
    if len(grants) > 2:
        draw.choice(grants).delete()


def put_a_foreigner(world: World, obj: KubeObject, draw: random.Random) -> None:
    name = f"theirs-{draw.randrange(10**9)}"
    world.sandbox.put(foreign_entry(name, f"{name}.example.com"))


Edit = Callable[[World, KubeObject, random.Random], None]
ALL_EDITS: tuple[Edit, ...] = (
    strip_labels,
    strip_all_labels,
    export_to_all,
    delete,
    make_again,
    add_a_field,
    annotate,
    forge_the_hash,
    reverse_a_list,
    add_a_port,
    copy_it,
    lose_a_grant,
    put_a_foreigner,
)


def fill(world: World) -> None:
    for number in range(6):
        world.approve(f"api-{number}.example.com", "shop" if number % 2 else "data")
        world.approve(f"api-{number}.example.com", "shop", 8443)
    world.settle(2)


def run(world: World, draw: random.Random) -> None:
    for _ in range(EDITS):
        objects = all_of(world)
        draw.choice(ALL_EDITS)(world, draw.choice(objects), draw)
        quick, whole = verdicts(world)
        assert quick == whole
        if draw.random() < 0.3:
            convergence.full_sweep(Cluster.objects.get(pk=world.cluster.pk))
            world.settle(1)


@pytest.mark.parametrize("seed", range(2))
def test_no_edit_of_a_namespaces_objects_is_missed(world: World, seed: int) -> None:
    fill(world)
    run(world, random.Random(seed))


def test_no_edit_of_what_lies_behind_a_gateway_is_missed(gated: World) -> None:
    fill(gated)
    run(gated, random.Random(7))


@pytest.mark.parametrize("edit", [delete, strip_all_labels, export_to_all, make_again, add_a_port])
def test_each_of_the_usual_edits_is_found(world: World, edit: Any) -> None:
    fill(world)
    entry = world.entry("api-1.example.com")
    assert entry is not None
    edit(world, entry, random.Random(1))
    quick, whole = verdicts(world)
    assert quick == whole
    assert [f"ServiceEntry shop/{entry['metadata']['name']}"] == quick["namespace:shop"]
