"""Check that a cluster can be served, and say what to do where it cannot."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, Kind
from egress.cluster.mesh import MeshFacts, read_mesh, version_key
from egress.domain.access import Enforcement
from egress.domain.bootstrap.rights import READ_VERBS, WRITE_VERBS, Needs, Resource, needs

MINIMUM_ISTIO: Mapping[Enforcement, str] = {
    Enforcement.SIDECAR: "1.24.0",
    Enforcement.GATEWAY: "1.24.0",
    Enforcement.AMBIENT: "1.28.0",
}
"""Istio versions from istio.md 12."""
MINIMUM_KUBERNETES = (1, 30)

READ_KINDS: tuple[Kind, ...] = (
    kinds.NAMESPACE,
    kinds.SERVICE_ACCOUNT,
    kinds.POD,
    kinds.DEPLOYMENT,
)
"""What must be readable everywhere; that a mesh's configuration is not shows when it is read."""


class Level(StrEnum):
    """How a check went. Only `block` keeps the cluster from being used."""

    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `sentence` says what was found, `fix` what to do."""

    id: str
    level: Level
    sentence: str
    fix: str = ""


def check_connection(
    gateway: ClusterGateway,
    enforcement: Enforcement,
    *,
    egress_namespace: str = "istio-egress",
    expected_uid: str = "",
) -> list[Check]:
    """Return everything that was checked, in the order in which a person would fix it.

    `expected_uid` is the uid of `kube-system` recorded when the cluster was first connected.
    Raises nothing: a call that fails is a check that blocks.
    """
    checks = list(_attempt("Identity", lambda: _check_identity(gateway, expected_uid)))
    if any(check.level is Level.BLOCK for check in checks):
        # Each of the other checks would wait for the same dead or foreign cluster.
        return checks
    rights = needs([enforcement])
    written = [_kind(one) for one in (*rights.everywhere, *rights.in_egress_namespace)]
    if enforcement is Enforcement.AMBIENT:
        written.append(kinds.K8S_GATEWAY)
    checks += _attempt("KindsServed", lambda: _check_served(gateway, written))
    checks += _attempt("Rights", lambda: _check_rights(gateway, rights, egress_namespace))
    checks += _attempt("Mesh", lambda: _check_mesh(gateway, enforcement, egress_namespace))
    return checks


def _attempt(check_id: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    try:
        return list(look())
    except ClusterError as error:
        fix = "Try again in a minute." if error.retryable else "Correct the credentials."
        return [Check(check_id, Level.BLOCK, error.message, fix)]


def _check_identity(gateway: ClusterGateway, expected_uid: str) -> Iterator[Check]:
    identity = gateway.identity()
    if expected_uid and identity.uid != expected_uid:
        yield Check(
            "Identity",
            Level.BLOCK,
            f'Another cluster answers: its kube-system has the uid "{identity.uid}", and not '
            f'"{expected_uid}".',
            "Check the address, or connect it as a cluster of its own.",
        )
        return
    who = identity.user or "an unnamed user"
    yield Check("Identity", Level.OK, f'The cluster "{identity.uid}" knows the portal as "{who}".')
    if identity.user == "system:anonymous":
        yield Check(
            "Login",
            Level.BLOCK,
            'The cluster takes the portal for "system:anonymous": the credentials were ignored.',
            "Use a service account token.",
        )
    yield _kubernetes_version(identity.version)


def _kubernetes_version(version: str) -> Check:
    parts = version.lstrip("v").split(".")[:2]
    known = tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
    if known and known != (0, 0) and known < MINIMUM_KUBERNETES:
        return Check(
            "KubernetesVersion",
            Level.WARN,
            f'Kubernetes "{version}" is older than 1.30, the oldest version the portal is for.',
            "Upgrade the cluster.",
        )
    return Check("KubernetesVersion", Level.OK, f'The cluster runs Kubernetes "{version}".')


def _check_served(gateway: ClusterGateway, written: Iterable[Kind]) -> Iterator[Check]:
    missing = [kind for kind in written if not gateway.serves(kind)]
    for kind in missing:
        yield Check(
            "KindsServed",
            Level.BLOCK,
            f'The cluster does not serve "{kind.plural}" of "{kind.api_version}".',
            "Install the CRDs of Istio 1.24 or newer"
            + (" and of the Gateway API." if kind is kinds.K8S_GATEWAY else "."),
        )
    if not missing:
        yield Check("KindsServed", Level.OK, "The cluster serves all kinds the portal writes.")


def _check_rights(gateway: ClusterGateway, rights: Needs, egress_namespace: str) -> Iterator[Check]:
    wanted: list[tuple[Kind, tuple[str, ...], str]] = [
        *((kind, READ_VERBS, "") for kind in READ_KINDS),
        *((_kind(one), WRITE_VERBS, "") for one in rights.everywhere),
        *((_kind(one), WRITE_VERBS, egress_namespace) for one in rights.in_egress_namespace),
    ]
    complete = True
    for kind, verbs, namespace in wanted:
        lacking = [verb for verb in verbs if not gateway.may(verb, kind, namespace)]
        if lacking:
            complete = False
            resource = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
            where = f' in "{namespace}"' if namespace else ""
            yield Check(
                "Rights",
                Level.BLOCK,
                f'The portal may not {", ".join(lacking)} "{resource}"{where}.',
                "Give its account the roles that manage.py bootstrap lays down.",
            )
    if complete:
        yield Check("Rights", Level.OK, "The portal has all rights it needs.")


def _kind(resource: Resource) -> Kind:
    return next(kind for kind in kinds.ALL_KINDS if (kind.group, kind.plural) == resource)


def _check_mesh(
    gateway: ClusterGateway, enforcement: Enforcement, egress_namespace: str
) -> Iterator[Check]:
    mesh = read_mesh(gateway)
    yield from (
        Check("MeshUnknown", Level.WARN, sentence, "Enter the fact by hand, or make it readable.")
        for sentence in mesh.unknown
    )
    yield _check_istio(mesh, MINIMUM_ISTIO[enforcement])
    yield _check_trust_domain(mesh, enforcement)
    yield _check_root(mesh, egress_namespace)


def _check_istio(mesh: MeshFacts, minimum: str) -> Check:
    if mesh.istio_version is None:
        return Check(
            "IstioVersion",
            Level.BLOCK,
            "The version of Istio is not known.",
            f"Make istiod's Deployment readable; Istio {minimum} or newer is needed.",
        )
    if version_key(mesh.istio_version) < version_key(minimum):
        return Check(
            "IstioVersion",
            Level.BLOCK,
            f'Istio "{mesh.istio_version}" is older than {minimum}.',
            "Upgrade Istio, or choose another enforcement.",
        )
    return Check("IstioVersion", Level.OK, f'The mesh runs Istio "{mesh.istio_version}".')


def _check_trust_domain(mesh: MeshFacts, enforcement: Enforcement) -> Check:
    if mesh.trust_domain is None:
        # Sidecar objects name no identity, so only the other two depend on it.
        level = Level.WARN if enforcement is Enforcement.SIDECAR else Level.BLOCK
        return Check(
            "TrustDomain",
            level,
            "The trust domain of the mesh is not known.",
            'Make the ConfigMap "istio" readable for the portal.',
        )
    return Check("TrustDomain", Level.OK, f'The trust domain is "{mesh.trust_domain}".')


def _check_root(mesh: MeshFacts, egress_namespace: str) -> Check:
    if mesh.root_namespace == egress_namespace:
        return Check(
            "RootNamespace",
            Level.BLOCK,
            f'"{egress_namespace}" is the root namespace of the mesh: objects in it would rule '
            "the whole mesh.",
            "Choose another namespace for the egress gateway.",
        )
    if mesh.root_namespace is None:
        return Check(
            "RootNamespace",
            Level.WARN,
            "The root namespace of the mesh is not known.",
            'Make the ConfigMap "istio" readable for the portal.',
        )
    return Check("RootNamespace", Level.OK, f'The root namespace is "{mesh.root_namespace}".')
