"""DestinationRules: how a proxy speaks to where it leads (istio.md 3.4, R-B13)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.explain.reading import (
    covers,
    is_exported,
    mapping,
    mappings,
    number,
    spec_of,
    strings,
    text,
)
from egress.domain.objects import ObjectKey, key_of


@dataclass(frozen=True)
class Tls:
    """The TLS settings of a rule or a subset; the mode is empty when nothing is said."""

    mode: str = ""
    sni: str = ""
    names: tuple[str, ...] = ()
    skips_verification: bool = False

    @property
    def originates(self) -> bool:
        """Tell whether the proxy speaks TLS to a host that is no part of the mesh."""
        return self.mode in ("SIMPLE", "MUTUAL")


@dataclass(frozen=True)
class Policy:
    """A traffic policy: TLS of the whole, and of single ports."""

    tls: Tls = Tls()
    ports: tuple[tuple[int, Tls], ...] = ()

    def at(self, port: int) -> Tls:
        """Return the TLS settings that apply to a port."""
        return dict(self.ports).get(port, self.tls)

    def each(self) -> Iterator[tuple[int, Tls]]:
        """Yield every setting with its port, 0 for the whole."""
        if self.tls.mode:
            yield 0, self.tls
        yield from self.ports


@dataclass(frozen=True)
class Subset:
    """A subset: a named way to speak to the same host."""

    name: str
    has_labels: bool
    policy: Policy


@dataclass(frozen=True)
class TrafficRule:
    """A DestinationRule."""

    key: ObjectKey
    host: str
    export_to: tuple[str, ...]
    policy: Policy
    subsets: tuple[Subset, ...]

    def is_seen_from(self, namespace: str) -> bool:
        """Tell whether proxies of a namespace know it."""
        return is_exported(self.export_to, self.key.namespace, namespace)

    def subset(self, name: str) -> Subset | None:
        """Return the first subset of a name: a repeated name is dropped."""
        return next((subset for subset in self.subsets if subset.name == name), None)


def read_rule(obj: Mapping[str, Any]) -> TrafficRule:
    """Return a DestinationRule as it is understood. Raises TypeError for a malformed object."""
    spec = spec_of(obj)
    return TrafficRule(
        key=key_of(obj),
        host=text(spec.get("host")),
        export_to=strings(spec.get("exportTo")),
        policy=_read_policy(mapping(spec.get("trafficPolicy"))),
        subsets=tuple(
            Subset(
                text(subset.get("name")),
                bool(mapping(subset.get("labels"))),
                _read_policy(mapping(subset.get("trafficPolicy"))),
            )
            for subset in mappings(spec.get("subsets"))
        ),
    )


def _read_policy(policy: Mapping[str, Any]) -> Policy:
    ports = tuple(
        (number(mapping(setting.get("port")).get("number")), _read_tls(mapping(setting.get("tls"))))
        for setting in mappings(policy.get("portLevelSettings"))
    )
    return Policy(_read_tls(mapping(policy.get("tls"))), ports)


def _read_tls(tls: Mapping[str, Any]) -> Tls:
    if not tls:
        return Tls()
    return Tls(
        mode=text(tls.get("mode")) or "DISABLE",
        sni=text(tls.get("sni")),
        names=strings(tls.get("subjectAltNames")),
        skips_verification=bool(tls.get("insecureSkipVerify")),
    )


class TrafficRules:
    """All DestinationRules, in the order in which proxies look for them."""

    def __init__(self, rules: Iterable[TrafficRule], root_namespace: str) -> None:
        self.all = tuple(sorted(rules, key=lambda rule: rule.key))
        self._root = root_namespace
        self._exact: dict[tuple[str, str], list[TrafficRule]] = {}
        self._wild: dict[str, list[TrafficRule]] = {}
        for rule in self.all:
            if rule.host.startswith("*"):
                self._wild.setdefault(rule.key.namespace, []).append(rule)
            else:
                self._exact.setdefault((rule.key.namespace, rule.host), []).append(rule)

    def of(self, viewer: str, host: str, owner: str) -> list[TrafficRule]:
        """Return the rules that proxies of `viewer` apply to `host`, a service of `owner`.

        Their own namespace is asked first, then the owner's, then the root namespace. The first
        that has any wins, levels are never combined (istio.md 3.4).
        """
        for namespace in dict.fromkeys((viewer, owner, self._root)):
            if found := self._in(namespace, viewer, host):
                return found
        return []

    def tls(self, viewer: str, host: str, owner: str, port: int) -> tuple[Tls, TrafficRule | None]:
        """Return how proxies of `viewer` speak TLS to a port of an external host."""
        for rule in self.of(viewer, host, owner):
            settings = rule.policy.at(port)
            if settings.mode:
                return settings, rule
        return Tls(), None

    def _in(self, namespace: str, viewer: str, host: str) -> list[TrafficRule]:
        exact = [r for r in self._exact.get((namespace, host), []) if r.is_seen_from(viewer)]
        if exact:
            return exact
        wild = [
            rule
            for rule in self._wild.get(namespace, [])
            if rule.is_seen_from(viewer) and covers(rule.host, host)
        ]
        longest = max((len(rule.host) for rule in wild), default=0)
        return [rule for rule in wild if len(rule.host) == longest]
