"""What the objects of a plan may keep while it is carried out, seen together.

`narrowed` looks at one object. Here a ServiceEntry also loses what the objects it relies on do not
cover any more, or not yet: else the middle of a delivery would have a port that clients reach past
the gateway (istio.md R-B7), or a port 443 that is spoken to in clear text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from egress.domain.difference import DECISIVE_NAMES, differs, extra_fields
from egress.domain.managed_fields import we_own
from egress.domain.naming import CLIENT_LABEL
from egress.domain.objects import KubeObject, ObjectKey, with_content_hash
from egress.domain.order.narrowed import narrowed, port_settings, spelled_alone
from egress.domain.order.roles import Role, address_rule_key, base_of, role_of, sibling
from egress.domain.plan import Action, Plan, PlanItem

_KEPT = (Action.UPDATE, Action.UNCHANGED)


class Ground:
    """The common ground of what is there and what is wanted, for all objects of a plan.

    `of(key)` is what stays all the time, None when the object goes away or is not there yet.
    """

    def __init__(self, plan: Plan) -> None:
        self.items: Mapping[ObjectKey, PlanItem] = {item.key: item for item in plan.items}
        self._by_host: dict[tuple[str, str], list[ObjectKey]] = {}
        self._rules: dict[str, list[ObjectKey]] = {}
        for key, item in self.items.items():
            self._by_host.setdefault((key.namespace, base_of(key)), []).append(key)
            if client := _client_of(item.desired or item.live):
                self._rules.setdefault(client, []).append(key)
        self._kept = {key: kept for key, item in self.items.items() if (kept := _own(item))}
        for key in self.items:
            if role_of(key) is Role.ENTRY:
                self._cut_entry(key)
                self._cut_leg(key)
            elif role_of(key) is Role.ALIAS:
                self._cut_alias(key)

    def of(self, key: ObjectKey) -> KubeObject | None:
        """Return what stays of an object."""
        return self._kept.get(key)

    def desired(self, key: ObjectKey) -> KubeObject | None:
        """Return what is wanted of an object, None when somebody else has its name."""
        item = self.items.get(key)
        return item.desired if item and item.action is not Action.FOREIGN else None

    def live(self, key: ObjectKey) -> KubeObject | None:
        """Return the live object, None when there is none of ours."""
        item = self.items.get(key)
        return item.live if item and item.action is not Action.FOREIGN else None

    def of_host(self, key: ObjectKey) -> Sequence[ObjectKey]:
        """Return the keys of all objects of the host of `key`, in its namespace."""
        return self._by_host[key.namespace, base_of(key)]

    def rules_of(self, namespace: str) -> Sequence[ObjectKey]:
        """Return the keys of the client rules of a namespace, one for each gateway."""
        return self._rules.get(namespace, ())

    def closes(self, key: ObjectKey) -> bool:
        """Tell whether something of an object goes away, or is put right.

        Labels that decide nothing are put right by what is given, when there is something.
        """
        live, kept = self.live(key), self.of(key)
        if live is None or kept is None:
            return live is not None
        return _changes(live, _decisive(kept) if self.opens(key) else kept)

    def opens(self, key: ObjectKey) -> bool:
        """Tell whether something of an object is still to come after that."""
        desired = self.desired(key)
        return desired is not None and self.of(key) != desired

    def is_by_gateway(self, entry: ObjectKey) -> bool:
        """Tell whether clients are to be led to a gateway for the host of a ServiceEntry."""
        item = self.items.get(sibling(entry, Role.MESH_LEG))
        return item is not None and item.desired is not None

    def _cut_entry(self, key: ObjectKey) -> None:
        entry = self._kept.get(key)
        if entry is None:
            return
        spec = entry["spec"]
        ports, exported = spec["ports"], spec["exportTo"]
        rule = self.of(sibling(key, Role.ORIGINATION))
        covered = {setting["port"]["number"] for setting in port_settings(rule)}
        ports = [p for p in ports if "targetPort" not in p or p["number"] in covered]
        if self.is_by_gateway(key):
            leg = self.of(sibling(key, Role.MESH_LEG))
            reached = leg["spec"]["exportTo"] if leg else []
            exported = [name for name in exported if name == "." or name in reached]
            routed = _routed_ports(leg) if leg else {p["number"] for p in ports}
            ports = [p for p in ports if p["number"] in routed]
        elif rule and any("targetPort" in port for port in ports):
            exported = [name for name in exported if name in rule["spec"]["exportTo"]]
        self._keep_entry(key, entry, ports, exported)

    def _keep_entry(
        self, key: ObjectKey, entry: KubeObject, ports: list[Any], exported: list[str]
    ) -> None:
        spec = {**entry["spec"], "exportTo": exported or ["~"], "ports": ports}
        if not ports:
            del self._kept[key]
        elif spec != entry["spec"]:
            self._kept[key] = with_content_hash({**entry, "spec": spec})

    def _cut_leg(self, entry: ObjectKey) -> None:
        """Take the way to a port from the gateway while its origination comes or goes."""
        key = sibling(entry, Role.HTTP_LEG)
        leg = self._kept.get(key)
        if leg is None:
            return
        kept = {port["number"] for port in _ports(self.of(entry))}
        late = {
            f"p{port['number']}"
            for port in [*_ports(self.live(entry)), *_ports(self.desired(entry))]
            if "targetPort" in port and port["number"] not in kept
        }
        routes = [route for route in leg["spec"]["http"] if route["name"] not in late]
        if not routes:
            del self._kept[key]
        elif len(routes) < len(leg["spec"]["http"]):
            spec = {**leg["spec"], "http": spelled_alone(routes)}
            self._kept[key] = with_content_hash({**leg, "spec": spec})

    def _cut_alias(self, key: ObjectKey) -> None:
        """Take a name away while the addresses behind it are not spoken to as they must be."""
        rule = address_rule_key(key)
        has_addresses = self.desired(key) is not None and rule in self.items
        if has_addresses and rule not in self._kept:
            self._kept.pop(key, None)


def _client_of(obj: Mapping[str, Any] | None) -> str:
    labels = ((obj or {}).get("metadata") or {}).get("labels") or {}
    return str(labels.get(CLIENT_LABEL, ""))


def _ports(entry: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return list(((entry or {}).get("spec") or {}).get("ports") or ())


def _own(item: PlanItem) -> KubeObject | None:
    if item.action not in _KEPT or item.replace or item.live is None or item.desired is None:
        return None
    if item.action is Action.UNCHANGED:
        return item.desired
    return narrowed(role_of(item.key), item.live, item.desired)


def _changes(live: KubeObject, kept: KubeObject) -> bool:
    own_extra = any(we_own(live, path) for path in extra_fields(kept, live))
    return own_extra or differs(kept, live)


def _decisive(obj: KubeObject) -> KubeObject:
    """Return an object with those labels and annotations only that decide who reaches what."""
    metadata = dict(obj["metadata"])
    for field in ("labels", "annotations"):
        found = metadata.get(field) or {}
        metadata[field] = {k: v for k, v in found.items() if k in DECISIVE_NAMES}
    return {**obj, "metadata": metadata}


def _routed_ports(leg: KubeObject) -> set[int]:
    return {
        int(match["port"])
        for family in ("http", "tls", "tcp")
        for route in leg["spec"].get(family) or ()
        for match in route.get("match") or ()
        if "port" in match
    }
