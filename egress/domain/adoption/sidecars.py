"""The Sidecars around a foreign entry: which workloads see what of it, and of what replaces it."""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping

from egress.domain.adoption.reading import NotAdoptableError
from egress.domain.manifests import NETWORKING_V1
from egress.domain.objects import KubeObject, key_of
from egress.domain.posture.matching import items, namespace_of, part


def refuse_listeners(sidecars: Iterable[KubeObject], places: Collection[str]) -> None:
    """Refuse Sidecars in `places` that show hosts on some ports or addresses only.

    Raises NotAdoptableError: whether a host is seen is asked without its port.
    """
    for sidecar in sidecars:
        if namespace_of(sidecar) not in places:
            continue
        for listener in items(sidecar, "spec", "egress"):
            if not isinstance(listener, Mapping) or listener.keys() - {"hosts"}:
                raise NotAdoptableError(
                    "SidecarNotUnderstood",
                    f"The {key_of(sidecar)} shows hosts on some ports or addresses only, so that "
                    "nobody can tell who sees what. Ask for the destinations in a request instead.",
                )


def views(namespace: str, sidecars: Iterable[KubeObject]) -> Iterator[list[KubeObject]]:
    """Yield the Sidecars as each group of workloads of a namespace has them: one may choose some.

    Asked all at once, what one group gains or loses would be hidden by another that does not.
    """
    everything = list(sidecars)
    rest = [one for one in everything if namespace_of(one) != namespace]
    own = [one for one in everything if namespace_of(one) == namespace]
    some = [one for one in own if part(one, "spec").get("workloadSelector")]
    yield [*rest, *(one for one in own if one not in some)]
    for one in some:
        spec = {name: said for name, said in one["spec"].items() if name != "workloadSelector"}
        yield [*rest, {**one, "spec": spec}]


def strict_sidecars(
    sidecars: Iterable[KubeObject], namespaces: Collection[str], root_namespace: str
) -> Iterator[KubeObject]:
    """Yield Sidecars, some of them made up, by which every namespace refuses unknown hosts."""
    whole = set()
    for sidecar in sidecars:
        strict = copy.deepcopy(dict(sidecar))
        strict["spec"] = dict(strict.get("spec") or {})
        strict["spec"]["outboundTrafficPolicy"] = {"mode": "REGISTRY_ONLY"}
        if not strict["spec"].get("workloadSelector"):
            whole.add(namespace_of(strict))
        yield strict
    if root_namespace in whole:
        # The root namespace's counts wherever a namespace has none.
        return
    for name in sorted(set(namespaces) - whole):
        yield {
            "apiVersion": NETWORKING_V1,
            "kind": "Sidecar",
            "metadata": {"name": "default", "namespace": name},
            "spec": {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        }
