"""Faithful sets of objects, and every way in which one thing of them can be spoilt."""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    GatewayProfile,
    Inventory,
    NamespaceFacts,
    Subject,
)
from egress.domain.manifests.static import static_objects
from egress.domain.objects import KubeObject
from egress.domain.render import render
from tests.domain.strategies import ADDRESS, FIXED, FLAGS, HTTP, RANGE, TCP, TLS, WILDCARD, Case

NAMESPACES = ("shop", "payments", "data", "stranger")
ACCOUNTS = ("default", "web")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutation:
    """One spoilt thing: the object's place in the set, the path in it, and what became of it."""

    place: int
    path: Path
    what: str
    value: Any = None

    def applied(self, objects: list[KubeObject]) -> list[KubeObject]:
        """Return the set with the one thing spoilt."""
        if not self.path:
            return [obj for place, obj in enumerate(objects) if place != self.place]
        spoilt = copy.deepcopy(objects[self.place])
        above: Any = spoilt
        for part in self.path[:-1]:
            above = above[part]
        if self.what == "dropped":
            del above[self.path[-1]]
        elif self.what == "added":
            above[self.path[-1]] = [*above[self.path[-1]], self.value]
        else:
            above[self.path[-1]] = self.value
        return [spoilt if place == self.place else obj for place, obj in enumerate(objects)]


def cases() -> list[Case]:
    """One set of grants for each way of enforcing, with every kind of destination it has."""
    gateways = (GatewayProfile(), GatewayProfile("b"))
    cluster = ClusterProfile("portal-a", istio_version="1.31.0", dns_capture=True, flags=FLAGS)
    gateway = replace(
        cluster,
        enforcement=Enforcement.GATEWAY,
        gateways=gateways,
        assignments={"db.example.net": "b", "pay.example.com": "b"},
    )
    ambient = replace(cluster, enforcement=Enforcement.AMBIENT)
    own = [*_named(alias="mirror"), *_sidecar_only()]
    return [
        Case(gateway, _inventory(gateway), _granted(_named(alias="mirror"), accounts=True)),
        Case(cluster, _inventory(cluster), _granted(own, accounts=False)),
        Case(
            replace(cluster, central_entries=True),
            _inventory(cluster),
            _granted(own, accounts=False),
        ),
        Case(ambient, _inventory(ambient), _granted([*_named(), *_wild()], accounts=True)),
        Case(
            replace(gateway, rules_at_clients=True),
            _inventory(gateway, data=Enforcement.SIDECAR),
            _granted(_named(), accounts=False),
        ),
    ]


def rendered(case: Case) -> list[KubeObject]:
    """All objects of a case, the static ones of its enforcements included."""
    names = case.inventory.namespaces
    enforcements = {case.inventory.enforcement_of(name, case.cluster) for name in names}
    return [
        *static_objects(case.cluster, enforcements=enforcements),
        *render(case.cluster, case.inventory, case.grants),
    ]


def _named(alias: str = "") -> list[Destination]:
    return [
        Destination("api.example.com", 443, TLS),
        Destination("api.example.com", 80, HTTP, alias=alias),
        Destination("api.example.com", 8080, HTTP),
        Destination("pay.example.com", 80, HTTP, tls_origination=True),
        Destination("db.example.net", 5432, TCP),
        Destination("ldap.example.net", 636, TCP, addresses=FIXED["db.example.net"]),
    ]


def _wild() -> list[Destination]:
    return [Destination(WILDCARD, 443, TLS)]


def _sidecar_only() -> list[Destination]:
    return [
        *_wild(),
        Destination(RANGE, 5432, TCP),
        Destination(ADDRESS, 5432, TCP, alias="old-database"),
        Destination("vault.example.net", 6432, TCP, True, ("192.0.2.77",), alias="encrypted"),
    ]


def _granted(destinations: list[Destination], *, accounts: bool) -> tuple[Access, ...]:
    """Everything to one namespace, and the named hosts to a second one or an account of it."""
    other = Subject("payments", "web" if accounts else "")
    named = [replace(d, alias="") for d in destinations if not d.is_fixed_address]
    return (
        *(Access(Subject("shop"), destination) for destination in destinations),
        *(Access(other, destination) for destination in named),
        *(Access(Subject("data"), destination) for destination in named if accounts),
    )


def _inventory(cluster: ClusterProfile, **enforcements: Enforcement) -> Inventory:
    return Inventory(
        {
            name: NamespaceFacts(
                name,
                service_accounts=dict.fromkeys(ACCOUNTS, "uid"),
                enforcement=enforcements.get(name),
                default_deny=True,
                network_policy=cluster.enforcement is not Enforcement.SIDECAR,
            )
            for name in NAMESPACES
        }
    )


_STAYS = frozenset({"apiVersion", "kind", "annotations", "action", "conditions", "policyTypes"})
_NAMES = frozenset({"name", "connectionPool", "addressType", "listeners", "protocol"})
_LABELS = frozenset({"istio.io/use-waypoint", "kubernetes.io/service-name"})
_TEXTS = {
    "exportTo": ("*", "stranger", "data", "nowhere"),
    "principals": ("*", "cluster.local/ns/stranger/sa/*", "cluster.local/ns/shop/sa/ghost"),
    "subjectAltNames": ("spiffe://cluster.local/ns/stranger/sa/default", "spiffe://x", "x.example"),
    "ports": ("443", "8080", "8443", "9999"),
    "hosts": ("stranger.example", "api.example.com", "*"),
    "host": ("stranger.example", "api.example.com", "db.example.net"),
    "sni": ("http.egress-portal.internal", "p443.payments.api.example.com", "x.example"),
    "subset": ("http", "p443-0000000000"),
    "mode": ("DISABLE", "SIMPLE", "ALLOW_ANY", "ISTIO_MUTUAL"),
    "resolution": ("NONE", "STATIC", "DNS", "DYNAMIC_DNS"),
    "addresses": ("198.51.100.99", "x.example"),
    "address": ("198.51.100.99", "x.example"),
}
_USUAL_TEXTS = ("x.example", "MESH_INTERNAL", "istio-egress/other")
_INTERNET = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}


def mutations(objects: list[KubeObject], luck: random.Random) -> Iterator[Mutation]:
    """Yield mutations of a set without end, each of one thing that says something."""
    places = [
        (place, path) for place, obj in enumerate(objects) for path in _paths(obj, ()) if path
    ]
    while True:
        place, path = luck.choice(places)
        if luck.random() < 0.08:
            yield Mutation(place, (), "dropped")
            continue
        value: Any = objects[place]
        for part in path:
            value = value[part]
        what, new = _spoilt(path, value, luck)
        if not _is_the_same(objects[place], path, value, what, new):
            yield Mutation(place, path, what, new)


def _spoilt(path: Path, value: Any, luck: random.Random) -> tuple[str, Any]:
    key = next(str(part) for part in reversed(path) if isinstance(part, str))
    texts = _TEXTS.get(key, _USUAL_TEXTS)
    roll = luck.random()
    if _are_peers(path, value):
        return "added", _INTERNET
    if roll < 0.3:
        return "dropped", None
    if isinstance(value, list):
        if roll < 0.5:
            return "emptied", []
        return "added", _other(value[0], luck) if _is_tree(value) else luck.choice(texts)
    if isinstance(value, int):
        return "changed", luck.choice((80, 443, 8080, 9999))
    return ("changed", luck.choice(texts)) if isinstance(value, str) else ("emptied", {})


def _other(tree: Any, luck: random.Random) -> Any:
    """Return a tree with one of its leaves changed."""
    copied = copy.deepcopy(tree)
    *path, last = luck.choice([path for path in _paths(copied, ()) if _is_leaf(copied, path)])
    above: Any = copied
    for part in path:
        above = above[part]
    above[last] = 9999 if isinstance(above[last], int) else "x.example"
    return copied


def _is_leaf(tree: Any, path: Path) -> bool:
    for part in path:
        tree = tree[part]
    return not isinstance(tree, dict | list)


def _is_tree(value: list[Any]) -> bool:
    return bool(value) and not isinstance(value[0], str)


def _are_peers(path: Path, value: Any) -> bool:
    """Whether these are the rules of a NetworkPolicy, of which only the wide ones say anything."""
    return path == ("spec", "egress") and "to" in value[0]


def _is_the_same(obj: KubeObject, path: Path, value: Any, what: str, new: Any) -> bool:
    """Whether nothing is spoilt: the same again, or what is meant when nothing is said."""
    if what in ("changed", "emptied") and new == value:
        return True
    if what == "added":
        return "remove" in path or new in value or _is_opened_anyway(path, value)
    is_all_pods = path[-1] == "podSelector"
    is_mesh = "gateways" in path and value in ("mesh", ["mesh"])
    is_own_port = obj["kind"] == "Service" and path[-1] == "targetPort"
    return (is_mesh or is_own_port or is_all_pods) and what != "changed"


def _is_opened_anyway(path: Path, value: Any) -> bool:
    """Whether a NetworkPolicy opens the Internet already: that of sidecar enforcement does."""
    return _are_peers(path, value) and any("ipBlock" in p for rule in value for p in rule["to"])


def _paths(value: Any, path: Path) -> Iterator[Path]:
    """Yield the path of everything that says something."""
    yield path
    if isinstance(value, dict):
        for key, below in value.items():
            if not _is_neutral(value, (*path, key)):
                yield from _paths(below, (*path, key))
    if isinstance(value, list) and not _are_peers(path, value):
        for place, below in enumerate(value):
            yield from _paths(below, (*path, place))


def _is_neutral(parent: Any, path: Path) -> bool:
    """Whether a field is a name or a mark for people, or says what happens anyway."""
    if path == ("metadata",):
        return not _LABELS & set(parent["metadata"].get("labels", {}))
    if path[:2] == ("metadata", "labels"):
        return len(path) == 3 and path[-1] not in _LABELS
    return path[-1] in _STAYS | _NAMES or path == ("metadata", "namespace")
