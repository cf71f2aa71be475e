"""AuthorizationPolicies: who may use a gateway's or a waypoint's chain (istio.md 3.7, 5.2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egress.domain.access import ClusterProfile
from egress.domain.explain.reading import (
    annotations_of,
    mapping,
    mappings,
    spec_of,
    strings,
    text,
)
from egress.domain.objects import ObjectKey, key_of

_HTTP_FIELDS = frozenset({"hosts", "methods", "paths", "notHosts", "notMethods", "notPaths"})
_HTTP_SOURCES = frozenset({"requestPrincipals", "notRequestPrincipals"})
_GROUPS = {"Gateway": "gateway.networking.k8s.io", "ServiceEntry": "networking.istio.io"}
_UNDERSTOOD = frozenset({"principals", "ports", "hosts"})


@dataclass(frozen=True)
class Rule:
    """One rule: any source, any operation, and all conditions; empty ones always hold."""

    sources: tuple[Mapping[str, tuple[str, ...]], ...]
    operations: tuple[Mapping[str, tuple[str, ...]], ...]
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    is_http_only: bool

    @property
    def principals(self) -> tuple[str, ...]:
        """Return every principal that the rule names."""
        return tuple(name for source in self.sources for name in source.get("principals", ()))

    @property
    def ports(self) -> tuple[str, ...]:
        """Return every port that the rule names."""
        return tuple(port for to in self.operations for port in to.get("ports", ()))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return every authority that the rule names."""
        return tuple(host for to in self.operations for host in to.get("hosts", ()))

    @property
    def names(self) -> tuple[str, ...]:
        """Return every SNI that the rule demands."""
        return tuple(v for key, values in self.conditions for v in values if key == _SNI)


_SNI = "connection.sni"


@dataclass(frozen=True)
class AccessPolicy:
    """An AuthorizationPolicy. `selector` is None when it has none; `targets` are kind and name."""

    key: ObjectKey
    action: str
    selector: Mapping[str, str] | None
    targets: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]
    is_trial: bool


@dataclass(frozen=True)
class Call:
    """What a chain knows of a connection; `authority` is None where bytes are not read as HTTP."""

    principal: str
    port: int
    authority: str | None = None
    sni: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a chain lets a call through, and the policies that decide."""

    allowed: bool
    objects: tuple[ObjectKey, ...]
    detail: str


def read_policy(obj: Mapping[str, Any]) -> AccessPolicy:
    """Return an AuthorizationPolicy as it is understood. Raises TypeError for a malformed one."""
    spec = spec_of(obj)
    selector = spec.get("selector")
    targets = [*mappings(spec.get("targetRefs")), mapping(spec.get("targetRef"))]
    return AccessPolicy(
        key=key_of(obj),
        action=text(spec.get("action")) or "ALLOW",
        selector=None if selector is None else mapping(mapping(selector).get("matchLabels")),
        targets=tuple((_kind(target), text(target.get("name"))) for target in targets if target),
        rules=tuple(_read_rule(rule) for rule in mappings(spec.get("rules"))),
        is_trial=annotations_of(obj).get("istio.io/dry-run") == "true",
    )


def _kind(target: Mapping[str, Any]) -> str:
    """Return the kind of a target, with its group unless it is the usual one."""
    kind, group = text(target.get("kind")), text(target.get("group"))
    return kind if _GROUPS.get(kind) == group else f"{group}/{kind}"


def _read_rule(rule: Mapping[str, Any]) -> Rule:
    sources = tuple(_fields(mapping(f.get("source"))) for f in mappings(rule.get("from")))
    operations = tuple(_fields(mapping(t.get("operation"))) for t in mappings(rule.get("to")))
    conditions = tuple(
        (text(when.get("key")), strings(when.get("values"))) for when in mappings(rule.get("when"))
    )
    is_http_only = (
        any(_HTTP_FIELDS & set(operation) for operation in operations)
        or any(_HTTP_SOURCES & set(source) for source in sources)
        or any(key.startswith("request.") for key, _ in conditions)
    )
    return Rule(sources, operations, conditions, is_http_only)


def _fields(fields: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    return {name: strings(values) for name, values in fields.items()}


class Policies:
    """All AuthorizationPolicies, by what they are attached to."""

    def __init__(self, policies: Iterable[AccessPolicy], cluster: ClusterProfile) -> None:
        self.all = tuple(sorted(policies, key=lambda policy: policy.key))
        self._cluster = cluster
        self._domains = {cluster.trust_domain, "cluster.local", *cluster.trust_domain_aliases}
        self._targeted: dict[tuple[str, str, str], list[AccessPolicy]] = {}
        self._selecting: list[AccessPolicy] = []
        for policy in self.all:
            for kind, name in policy.targets:
                place = (policy.key.namespace, kind, name)
                self._targeted.setdefault(place, []).append(policy)
            if not policy.targets:
                self._selecting.append(policy)
        self._at_pods: dict[tuple[tuple[str, str], ...], list[AccessPolicy]] = {}

    def at_pods(self, labels: Mapping[str, str]) -> list[AccessPolicy]:
        """Return the policies of the egress gateway's pods with these labels.

        Those of its namespace and of the root namespace; one with a target does not attach.
        """
        place = tuple(sorted(labels.items()))
        if place not in self._at_pods:
            homes = (self._cluster.egress_namespace, self._cluster.root_namespace)
            self._at_pods[place] = [
                policy
                for policy in self._selecting
                if policy.key.namespace in homes
                and all(labels.get(k) == v for k, v in (policy.selector or {}).items())
            ]
        return self._at_pods[place]

    def at_waypoint(self, namespace: str, waypoint: str, entry: str) -> list[AccessPolicy]:
        """Return the policies of a waypoint's chain for one ServiceEntry of its namespace."""
        return [
            *self._targeted.get((namespace, "Gateway", waypoint), []),
            *self._targeted.get((namespace, "ServiceEntry", entry), []),
        ]

    def targeting(self, namespace: str, kind: str, name: str) -> list[AccessPolicy]:
        """Return the policies that name one target."""
        return self._targeted.get((namespace, kind, name), [])

    def judge(self, policies: Sequence[AccessPolicy], call: Call) -> Verdict:
        """Return what these policies together say to a call (istio.md 3.7).

        Where a policy has conditions that this check does not understand, an ALLOW is taken to
        hold, anything else not to.
        """
        real = [policy for policy in policies if not policy.is_trial]
        for policy in real:
            if policy.action == "DENY" and self._applies(policy, call, unsure=False):
                return Verdict(False, (policy.key,), f"{policy.key} denies it")
        allowing = [policy for policy in real if policy.action == "ALLOW"]
        if not allowing:
            return Verdict(True, (), "no policy closes it, so everybody may")
        for policy in allowing:
            if self._applies(policy, call, unsure=True):
                return Verdict(True, (policy.key,), f"{policy.key} allows it")
        keys = tuple(policy.key for policy in allowing if not policy.rules)
        return Verdict(False, keys, "no policy allows it")

    def _applies(self, policy: AccessPolicy, call: Call, *, unsure: bool) -> bool:
        for rule in policy.rules:
            if call.authority is None and rule.is_http_only:
                continue
            if self._rule_applies(rule, call, unsure=unsure):
                return True
        return False

    def _rule_applies(self, rule: Rule, call: Call, *, unsure: bool) -> bool:
        def fits(fields: Mapping[str, tuple[str, ...]]) -> bool:
            if set(fields) - _UNDERSTOOD and not unsure:
                return False
            return (
                _any(fields, "principals", lambda p: self._is_principal(p, call.principal))
                and _any(fields, "ports", lambda p: p == str(call.port))
                and _any(
                    fields, "hosts", lambda h: _fits(h.lower(), (call.authority or "").lower())
                )
            )

        if rule.sources and not any(fits(source) for source in rule.sources):
            return False
        if rule.operations and not any(fits(operation) for operation in rule.operations):
            return False
        return all(
            any(_fits(value, call.sni) for value in values) if key == _SNI else unsure
            for key, values in rule.conditions
        )

    def _is_principal(self, pattern: str, principal: str) -> bool:
        return _fits(self.in_this_mesh(pattern), principal)

    def in_this_mesh(self, pattern: str) -> str:
        """Return a principal with its trust domain replaced by the mesh's, as istiod does it."""
        parts = pattern.split("/")
        if len(parts) == 5 and parts[0] in self._domains:
            return "/".join([self._cluster.trust_domain, *parts[1:]])
        return pattern


def _any(fields: Mapping[str, tuple[str, ...]], name: str, holds: Callable[[str], bool]) -> bool:
    return name not in fields or any(holds(value) for value in fields[name])


def _fits(pattern: str, value: str) -> bool:
    """Compare as Istio does: exact, `prefix*`, `*suffix`, and `*` for anything that is there."""
    if pattern == "*":
        return value != ""
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return value == pattern
