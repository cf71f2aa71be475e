"""Sidecars: what the proxies of a namespace know, and whether they pass on the rest (2.4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.explain.reading import covers, mapping, mappings, spec_of, strings, text
from egress.domain.objects import ObjectKey, key_of

_REGISTRY_ONLY = "REGISTRY_ONLY"


@dataclass(frozen=True)
class View:
    """The mesh as some proxies of `viewer` see it.

    `denies` tells whether unknown destinations are refused. `admitted` holds pairs of namespace
    and host pattern, None when everything is admitted that is exported to the namespace.
    """

    viewer: str
    key: ObjectKey | None = None
    denies: bool = False
    admitted: tuple[tuple[str, str], ...] | None = None
    excluded: tuple[tuple[str, str], ...] = ()
    for_some: bool = False
    says_mode: bool = True

    @property
    def keys(self) -> tuple[ObjectKey, ...]:
        """Return the Sidecar that decides, if any."""
        return (self.key,) if self.key else ()

    def admits(self, namespace: str, host: str) -> bool:
        """Tell whether a host that lives in `namespace` is known."""
        if self.excluded and self._lists(self.excluded, namespace, host):
            return False
        return self.admitted is None or self._lists(self.admitted, namespace, host)

    def _lists(self, pairs: tuple[tuple[str, str], ...], namespace: str, host: str) -> bool:
        for owner, pattern in pairs:
            is_owner = owner in ("*", namespace) or (owner == "." and namespace == self.viewer)
            if is_owner and covers(pattern, host):
                return True
        return False


def read_sidecar(obj: Mapping[str, Any]) -> View:
    """Return what the proxies of a Sidecar see. Raises TypeError for a malformed object."""
    spec = spec_of(obj)
    listed = [host for item in mappings(spec.get("egress")) for host in strings(item.get("hosts"))]
    pairs = [_pair(host) for host in listed]
    kept = tuple((owner, host) for owner, host in pairs if not owner.startswith("~"))
    excluded = tuple((owner[1:], host) for owner, host in pairs if owner[:1] == "~" != owner)
    key = key_of(obj)
    return View(
        viewer=key.namespace,
        key=key,
        denies=_denies(spec),
        admitted=kept if spec.get("egress") and (kept or not excluded) else None,
        excluded=excluded,
        for_some=bool(spec.get("workloadSelector")),
        says_mode=bool(mapping(spec.get("outboundTrafficPolicy")).get("mode")),
    )


def _denies(spec: Mapping[str, Any]) -> bool:
    if spec.get("outboundTrafficPolicy") is None:
        return False
    # The zero value of the mode is the strict one (R-A12).
    return (text(mapping(spec["outboundTrafficPolicy"]).get("mode")) or _REGISTRY_ONLY) == (
        _REGISTRY_ONLY
    )


def _pair(host: str) -> tuple[str, str]:
    owner, slash, name = host.partition("/")
    return (owner, name) if slash else ("*", owner)


class Sidecars:
    """All Sidecars, by namespace."""

    def __init__(self, views: Iterable[View], root_namespace: str) -> None:
        self.of: dict[str, list[View]] = {}
        for view in views:
            self.of.setdefault(view.viewer, []).append(view)
        self._root = [view for view in self.of.get(root_namespace, []) if not view.for_some]

    def views(self, namespace: str) -> list[View]:
        """Return every view that some proxy of a namespace has, the common one first."""
        own = self.of.get(namespace, [])
        common = [view for view in own if not view.for_some]
        inherited = [
            View(namespace, view.key, view.denies, view.admitted, view.excluded)
            for view in self._root
        ]
        some = [view for view in own if view.for_some]
        return [*(common or inherited or [View(namespace)]), *some]
