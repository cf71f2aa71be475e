"""What every cluster has before anybody uses it: system namespaces and installed CRDs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from egress.sandbox.kinds import CRD, KINDS, NAMESPACE, Kind
from egress.sandbox.ledger import Author
from egress.sandbox.options import WriteOptions
from egress.sandbox.store import Store
from egress.sandbox.targets import Target, Writer
from egress.sandbox.writes import create

SYSTEM = Writer("system:apiserver", "kube-apiserver", "create")
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")


def install(store: Store) -> None:
    """Put system namespaces and CRDs into an empty store."""
    for name in SYSTEM_NAMESPACES:
        create(store, Target(NAMESPACE), {"metadata": {"name": name}}, WriteOptions(), SYSTEM)
    for kind in KINDS:
        if kind.custom:
            store.put(CRD, _definition(kind, store.now()), Author("admin", "helm", "create"))


def _definition(kind: Kind, now: str) -> dict[str, Any]:
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object"}},
    }
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.singular,
        "shortNames": list(kind.short),
        "categories": list(kind.categories),
    }
    established = {
        "type": "Established",
        "status": "True",
        "reason": "InitialNamesAccepted",
        "message": "the initial names have been accepted",
        "lastTransitionTime": now,
    }
    metadata = {"name": kind.resource, "uid": str(uuid4()), "generation": 1}
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": metadata | {"creationTimestamp": now},
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [version],
        },
        "status": {
            "acceptedNames": names,
            "storedVersions": [kind.version],
            "conditions": [established],
        },
    }
