"""What people and other tools do by hand to objects of the portal."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.cluster.paths import object_path
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from tests.services.world import World

EDITOR = "kubectl-edit"


@dataclass(frozen=True)
class Edit:
    """One thing that somebody does to an object of ours.

    `has_author` tells whether the cluster knows who did it, `healable` whether we may put it
    right, and `silent` that it is nobody's business.
    """

    name: str
    do: Callable[[World, KubeObject, random.Random], None]
    has_author: bool = True
    healable: bool = True
    silent: bool = False


def change_spec(world: World, obj: KubeObject, chance: random.Random) -> None:
    """Change a field of the specification that we own."""
    world.sandbox.patch(obj, {"spec": chance.choice(edits_of(obj))}, manager=EDITOR)


def export_to_all(world: World, obj: KubeObject, chance: random.Random) -> None:
    """Show an object to all namespaces; kinds that cannot be shown are changed otherwise."""
    if "exportTo" not in obj["spec"]:
        change_spec(world, obj, chance)
        return
    world.sandbox.patch(obj, {"spec": {"exportTo": ["*"]}}, manager=EDITOR)


def take_over(world: World, obj: KubeObject, chance: random.Random) -> None:
    """Apply the object by force as another manager, with a change."""
    spec = deepcopy(obj["spec"]) | chance.choice(edits_of(obj))
    metadata = {name: obj["metadata"][name] for name in ("name", "namespace", "labels")}
    applied = {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    applied |= {"metadata": metadata, "spec": spec}
    path = object_path(kinds.kind_of(obj), metadata["namespace"], metadata["name"])
    apply = {"Content-Type": "application/apply-patch+yaml"}
    query = {"fieldManager": EDITOR, "force": "true"}
    world.sandbox.call("PATCH", path, query, applied, apply)


def strip(field: str, world: World, obj: KubeObject, _: random.Random) -> None:
    """Take our labels or our annotation off."""
    names = obj["metadata"]["labels"] if field == "labels" else [CONTENT_HASH_ANNOTATION]
    change = {"metadata": {field: dict.fromkeys(names)}}
    world.sandbox.patch(obj, change, manager=EDITOR)


def delete(world: World, obj: KubeObject, _: random.Random) -> None:
    """Delete an object."""
    world.sandbox.remove(obj)


def delete_and_make_again(world: World, obj: KubeObject, _: random.Random) -> None:
    """Delete an object and write one of one's own under its name."""
    world.sandbox.remove(obj)
    metadata = {name: obj["metadata"][name] for name in ("name", "namespace")}
    again = {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    world.sandbox.put(again | {"metadata": metadata, "spec": obj["spec"]}, manager=EDITOR)


def add_note(field: str, world: World, obj: KubeObject, chance: random.Random) -> None:
    """Add a label or an annotation of one's own, which is nobody else's business."""
    note = {f"example.com/note-{chance.randrange(9)}": str(chance.randrange(99))}
    world.sandbox.patch(obj, {"metadata": {field: note}}, manager=EDITOR)


EDITS = (
    Edit("changed", change_spec),
    Edit("exported", export_to_all),
    Edit("taken over", take_over),
    Edit("labels stripped", partial(strip, "labels"), has_author=False),
    Edit("annotation stripped", partial(strip, "annotations"), has_author=False),
    Edit("deleted", delete, has_author=False),
    Edit("replaced", delete_and_make_again, healable=False),
    Edit("labelled", partial(add_note, "labels"), silent=True),
    Edit("annotated", partial(add_note, "annotations"), silent=True),
)


def edits_of(obj: KubeObject) -> list[dict[str, Any]]:
    """Return changes to the specification that the API takes."""
    spec = obj["spec"]
    changes: dict[str, list[dict[str, Any]]] = {
        "ServiceEntry": [
            {"hosts": [*spec.get("hosts", []), "extra.example.com"]},
            {"ports": [*spec.get("ports", []), {"number": 9, "name": "x", "protocol": "TLS"}]},
        ],
        "DestinationRule": [{"host": "other.example.com"}, {"exportTo": ["*"]}],
        "VirtualService": [{"hosts": [*spec.get("hosts", []), "extra.example.com"]}],
        "Gateway": [{"selector": {"istio": "other"}}, {"servers": spec.get("servers", [])[:1] * 2}],
        "AuthorizationPolicy": [{"action": "DENY"}, {"rules": [{}]}],
        "Sidecar": [{"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}],
    }
    return changes[obj["kind"]]
