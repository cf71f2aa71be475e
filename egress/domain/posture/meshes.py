"""PF8 and PF10: what the mesh itself must be able to do."""

from collections.abc import Iterator

from egress.domain.access import Enforcement
from egress.domain.policies.support import minimum_version
from egress.domain.posture.look import Look, good, unread
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import Read
from egress.domain.wording import listed, quoted

DNS, MESH = "PF8", "PF10"
AUTOALLOCATE_FLAG = "PILOT_ENABLE_IP_AUTOALLOCATE"
CAPTURE = "ISTIO_META_DNS_CAPTURE"
_SIDECARS = (Enforcement.SIDECAR, Enforcement.GATEWAY)
_NAMED = 5


def dns_is_captured(look: Look) -> Iterator[Row]:
    """Check that TCP by name gets an address of its own (istio.md R-A7)."""
    rows = [*_addresses(look), *_capture(look)]
    yield from rows
    if not rows:
        yield good(DNS, "Proxies answer DNS themselves, so TCP hosts have addresses of their own.")


def _addresses(look: Look) -> Iterator[Row]:
    flags, cluster = look.snapshot.mesh.flags, look.cluster
    if flags is None:
        return
    # On by default since 1.25 (istio.md 12).
    value = flags.get(AUTOALLOCATE_FLAG, "true" if cluster.is_at_least(1, 25) else "false")
    if value.lower() != "true":
        yield Row(
            DNS,
            Level.BLOCK,
            Scope.CLUSTER,
            "istiod gives hosts no addresses of their own: TCP by name would take over its port.",
            "Deployment istiod",
            f"Set {AUTOALLOCATE_FLAG}=true on istiod, or request TCP with fixed addresses.",
        )


def _capture(look: Look) -> Iterator[Row]:
    names = [n for n in look.namespaces if look.enforcement_of(n) in _SIDECARS]
    base = look.snapshot.mesh.dns_capture
    states = {name: _state(look, name) for name in names}
    if base is not True and True not in states.values():
        if look.used & set(_SIDECARS):
            yield _mesh_wide(base)
        return
    for name, state in states.items():
        if state is None:
            yield unread_capture(name)
        elif not state:
            yield _of_namespace(look, name)


def _state(look: Look, namespace: str) -> bool | None:
    """Tell whether all proxies of a namespace capture DNS, None when it is not known."""
    facts = look.inventory.namespaces.get(namespace)
    own = facts.dns_capture if facts else None
    usual = look.snapshot.mesh.dns_capture if own is None else own
    pods = [pod for pod in look.snapshot.pods if pod.namespace == namespace and pod.has_proxy]
    if any(pod.dns_capture is False for pod in pods):
        return False
    if pods and all(pod.dns_capture for pod in pods):
        return True
    return None if Read.POD in look.snapshot.unread else usual


def unread_capture(namespace: str) -> Row:
    """Return the row of a namespace whose proxies are not known to capture DNS."""
    return Row(
        DNS,
        Level.UNKNOWN,
        Scope.NAMESPACE,
        f"Whether the proxies of {quoted(namespace)} answer DNS themselves is not known.",
        f"Namespace {namespace}",
        "Make the mesh configuration readable, or let an admin vouch for it.",
        namespace=namespace,
        enforcements=_SIDECARS,
    )


def _mesh_wide(base: bool | None) -> Row:
    known = base is not None
    return Row(
        DNS,
        Level.BLOCK if known else Level.UNKNOWN,
        Scope.CLUSTER,
        "Proxies do not answer DNS themselves: TCP by name would take over its port for a whole "
        "namespace."
        if known
        else "Whether proxies answer DNS themselves is not known.",
        "ConfigMap istio",
        f'Set defaultConfig.proxyMetadata.{CAPTURE}: "true" in the mesh configuration and restart '
        "the workloads, or request TCP with fixed addresses.",
        enforcements=_SIDECARS,
    )


def _of_namespace(look: Look, namespace: str) -> Row:
    pods = [
        pod.name
        for pod in look.snapshot.pods
        if pod.namespace == namespace and pod.has_proxy and pod.dns_capture is False
    ]
    which = f" (such as {listed([quoted(pod) for pod in pods[:_NAMED]])})" if pods else ""
    return Row(
        DNS,
        Level.BLOCK,
        Scope.NAMESPACE,
        f"Proxies of {quoted(namespace)}{which} do not answer DNS themselves: TCP by name would "
        "take over its port there.",
        f"Pod {namespace}/{pods[0]}" if pods else f"Namespace {namespace}",
        f'Set {CAPTURE}: "true" for them and restart them, or request TCP with fixed addresses.',
        namespace=namespace,
        enforcements=_SIDECARS,
    )


def mesh_is_known(look: Look) -> Iterator[Row]:
    """Check version, trust domain and root namespace (istio.md 12)."""
    rows = [*_version(look), *_trust_domain(look), *_root(look)]
    yield from rows
    if not rows:
        yield good(
            MESH,
            f'The mesh runs Istio "{look.snapshot.mesh.istio_version}" with the trust domain '
            f'"{look.snapshot.mesh.trust_domain}".',
        )


def _version(look: Look) -> Iterator[Row]:
    version = look.snapshot.mesh.istio_version
    if version is None:
        yield unread(MESH, f"The version of Istio is not known. {_why(look)}".strip())
        return
    for enforcement in sorted(look.used):
        major, minor = minimum_version(look.cluster, enforcement)
        if not look.cluster.is_at_least(major, minor):
            yield Row(
                MESH,
                Level.BLOCK,
                Scope.CLUSTER,
                f"Istio {quoted(version)} is older than {major}.{minor}, which {enforcement} "
                "enforcement needs.",
                "Deployment istiod",
                "Upgrade Istio, or choose another enforcement.",
                enforcements=(enforcement,),
            )


def _trust_domain(look: Look) -> Iterator[Row]:
    proxies = tuple(sorted(look.used - {Enforcement.SIDECAR}))
    # Objects of sidecar enforcement name no identity.
    if not proxies:
        return
    real = look.snapshot.mesh.trust_domain
    if real is None:
        yield unread(MESH, f"The trust domain is not known. {_why(look)}".strip(), proxies)
    elif real != look.cluster.trust_domain:
        yield Row(
            MESH,
            Level.BLOCK,
            Scope.CLUSTER,
            f"The mesh has the trust domain {quoted(real)}, and the portal writes "
            f"{quoted(look.cluster.trust_domain)}: no identity would match.",
            "ConfigMap istio",
            "Connect the cluster again, so that the portal reads it anew.",
            enforcements=proxies,
            reason="TrustDomainDiffers",
        )


def _root(look: Look) -> Iterator[Row]:
    proxies = tuple(sorted(look.used - {Enforcement.SIDECAR}))
    if not proxies and not look.cluster.central_entries:
        return
    root = look.snapshot.mesh.root_namespace
    if root == look.cluster.egress_namespace:
        yield Row(
            MESH,
            Level.BLOCK,
            Scope.CLUSTER,
            f"{quoted(root)} is the root namespace of the mesh: objects in it rule the whole mesh.",
            f"Namespace {root}",
            "Choose another namespace for the egress gateway.",
        )
    elif root is None:
        yield unread(MESH, f"The root namespace is not known. {_why(look)}".strip())


def _why(look: Look) -> str:
    return " ".join(look.snapshot.mesh.unknown)
