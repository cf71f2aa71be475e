"""PF5, PF6 and PF9: what keeps a namespace's workloads from using what they were granted."""

from collections.abc import Iterator, Mapping
from typing import Any

from egress.domain.access import Enforcement
from egress.domain.objects import KubeObject, key_of
from egress.domain.posture.look import Look, good, place_of, unread
from egress.domain.posture.matching import covers, items, namespace_of, part
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import Read
from egress.domain.wording import listed, quoted

RULES, SIDECARS, PROXIES = "PF5", "PF6", "PF9"
_AMBIENT_LABEL = "istio.io/dataplane-mode"
_NAMED = 5


def no_rule_hides_gateway(look: Look) -> Iterator[Row]:
    """Check that no rule of a client namespace hides the one that leads to the gateway (R-B4)."""
    names = [n for n in look.namespaces if look.enforcement_of(n) is Enforcement.GATEWAY]
    if names and (why := look.snapshot.why_unread([Read.DESTINATION_RULE])):
        yield unread(RULES, why, (Enforcement.GATEWAY,))
        return
    services = [look.cluster.service_of(gateway) for gateway in look.cluster.gateways]
    rows = []
    for rule in look.foreign(Read.DESTINATION_RULE):
        host, namespace = str(part(rule, "spec").get("host", "")), namespace_of(rule)
        hidden = [service for service in services if _hides(look, host, service)]
        if namespace in names and hidden:
            rows.append(
                Row(
                    RULES,
                    Level.BLOCK,
                    Scope.NAMESPACE,
                    f"{place_of(rule)} for {quoted(host)} hides the way to {quoted(hidden[0])}: "
                    "workloads of the namespace do not get through the gateway.",
                    str(key_of(rule)),
                    "Ask its owner to name a narrower host.",
                    namespace=namespace,
                    enforcements=(Enforcement.GATEWAY,),
                )
            )
    yield from rows
    if not rows:
        yield good(RULES, "No DestinationRule of a namespace hides the way to the gateway.")


def _hides(look: Look, host: str, service: str) -> bool:
    if look.cluster.rules_at_clients:
        # Ours lies beside it and names the exact host, which wins over any wildcard.
        return host.lower() == service
    return covers(host, service)


def sidecars_admit(look: Look) -> Iterator[Row]:
    """Check that no `Sidecar` leaves out the namespace that holds the portal's objects (2.4)."""
    names = [n for n in look.namespaces if look.enforcement_of(n) is not Enforcement.AMBIENT]
    if names and (why := look.snapshot.why_unread([Read.SIDECAR])):
        yield unread(SIDECARS, why)
        return
    by_namespace: dict[str, list[KubeObject]] = {}
    for sidecar in look.foreign(Read.SIDECAR):
        by_namespace.setdefault(namespace_of(sidecar), []).append(sidecar)
    root = look.snapshot.mesh.root_namespace or look.cluster.root_namespace
    own = {namespace_of(s) for s in look.snapshot.of(Read.SIDECAR) if not _picks_pods(s)}
    rows = []
    for name in names:
        found = by_namespace.get(name, [])
        if name not in own:
            found = [*found, *(s for s in by_namespace.get(root, []) if not _picks_pods(s))]
        rows += [*_restricting(look, name, found), *_several(look, name, found)]
    yield from rows
    if not rows:
        yield good(SIDECARS, "No Sidecar hides the portal's objects from a namespace.")


def _restricting(look: Look, namespace: str, sidecars: list[KubeObject]) -> Iterator[Row]:
    home = look.cluster.egress_namespace if look.shares_entries(namespace) else namespace
    for sidecar in sidecars:
        is_partial = _picks_pods(sidecar)
        if _leaves_out(sidecar, home, namespace):
            yield _sidecar_row(
                Level.WARN if is_partial else Level.BLOCK,
                namespace,
                sidecar,
                f"{place_of(sidecar)} does not admit {quoted(f'{home}/*')}: grants have no effect"
                + (" on the pods that it selects." if is_partial else "."),
                f'Add "{home}/*" to its egress hosts.',
            )
        elif is_partial:
            yield _sidecar_row(
                Level.WARN,
                namespace,
                sidecar,
                f"{place_of(sidecar)} overrides the Sidecar of the namespace for some pods: "
                "default deny does not hold for them.",
                "Check that it says what you want, or remove it.",
                "SidecarOverrides",
            )


def _several(look: Look, namespace: str, sidecars: list[KubeObject]) -> Iterator[Row]:
    """Tell of a second Sidecar without selector; Istio picks one of them (R-A10)."""
    live = look.snapshot.of(Read.SIDECAR)
    whole = [s for s in live if namespace_of(s) == namespace and not _picks_pods(s)]
    foreign = [s for s in sidecars if namespace_of(s) == namespace and not _picks_pods(s)]
    if len(whole) < 2 or not foreign:
        return
    facts = look.inventory.namespaces.get(namespace)
    is_managed = facts is not None and facts.default_deny
    yield _sidecar_row(
        Level.BLOCK if is_managed else Level.WARN,
        namespace,
        foreign[0],
        f"Namespace {quoted(namespace)} has {len(whole)} Sidecars without workloadSelector, and "
        "Istio picks one of them.",
        "Keep one of them, and delete the others.",
        "SeveralSidecars",
    )


def _picks_pods(sidecar: Mapping[str, Any]) -> bool:
    return bool(part(sidecar, "spec", "workloadSelector"))


def _leaves_out(sidecar: Mapping[str, Any], home: str, namespace: str) -> bool:
    listeners = items(sidecar, "spec", "egress")
    if not listeners:
        return False
    admitted = {str(host) for one in listeners for host in items(one, "hosts")}
    return not admitted & ({f"{home}/*", "*/*"} | ({"./*"} if home == namespace else set()))


def _sidecar_row(
    level: Level, namespace: str, obj: KubeObject, sentence: str, fix: str, reason: str = ""
) -> Row:
    return Row(
        SIDECARS,
        level,
        Scope.NAMESPACE,
        sentence,
        str(key_of(obj)),
        fix,
        namespace=namespace,
        enforcements=(Enforcement.GATEWAY, Enforcement.SIDECAR),
        reason=reason,
    )


def workloads_have_proxies(look: Look) -> Iterator[Row]:
    """Check that the namespaces are part of the mesh, and name the pods that are not."""
    rows = [row for name in look.namespaces for row in _outside_mesh(look, name)]
    yield from rows
    if not rows:
        yield good(PROXIES, "All pods of the namespaces that are served have a proxy.")


def _outside_mesh(look: Look, namespace: str) -> Iterator[Row]:
    facts = look.inventory.namespaces.get(namespace)
    if facts is None:
        return
    is_ambient = look.enforcement_of(namespace) is Enforcement.AMBIENT
    if not (facts.labels.get(_AMBIENT_LABEL) == "ambient" if is_ambient else facts.injected):
        label = f"{_AMBIENT_LABEL}: ambient" if is_ambient else "istio-injection: enabled"
        yield _proxy_row(
            namespace,
            f"Namespace {quoted(namespace)} is not part of the mesh: its traffic never reaches a "
            "proxy.",
            f"Namespace {namespace}",
            f'Label the namespace with "{label}", and restart its pods.',
        )
        return
    if facts.uninjected_pods:
        shown = listed([quoted(pod) for pod in facts.uninjected_pods[:_NAMED]])
        yield _proxy_row(
            namespace,
            f"Pods of {quoted(namespace)} run without a proxy: {shown}. No grant and no denial "
            "holds for them.",
            f"Pod {namespace}/{facts.uninjected_pods[0]}",
            "Restart them with a proxy, and close the way around it with a network policy.",
        )
    for pod in look.snapshot.pods:
        if pod.namespace == namespace and pod.has_proxy and pod.detour:
            yield _proxy_row(
                namespace,
                f"Pod {quoted(f'{namespace}/{pod.name}')} can get past its proxy: {pod.detour}.",
                f"Pod {namespace}/{pod.name}",
                "Remove that setting, and close the way around with a network policy.",
            )


def _proxy_row(namespace: str, sentence: str, obj: str, fix: str) -> Row:
    return Row(PROXIES, Level.WARN, Scope.NAMESPACE, sentence, obj, fix, namespace=namespace)
