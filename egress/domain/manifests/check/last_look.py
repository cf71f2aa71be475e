"""The last look at an object before it is written: the rules that no object of ours may break.

Independent of the generator on purpose: it reads the finished object only (istio.md 1, 2, 3, 5, 6,
7 and 10.1 to 10.3). What needs a second object, such as a route for every port of an entry
(R-B7), is not judged here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from egress.domain.manifests.check import (
    authorization_policy,
    destination_rule,
    endpoint_slice,
    gateway,
    network_policy,
    service,
    service_entry,
    sidecar,
    virtual_service,
    waypoint,
)
from egress.domain.manifests.check.look import Look, Malformed
from egress.domain.naming import (
    CONTENT_HASH_ANNOTATION,
    INSTALLATION_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    is_dns_label,
    is_label_value,
)
from egress.domain.objects import content_hash
from egress.domain.wording import quoted

_METADATA_FIELDS = {"name", "namespace", "labels", "annotations", "uid"}
_COMMON_FIELDS = {"apiVersion", "kind", "metadata"}

_CHECKS: Mapping[tuple[str, str], Callable[[Look], Iterator[str]]] = {
    ("networking.istio.io/v1", "ServiceEntry"): service_entry.problems,
    ("networking.istio.io/v1", "Gateway"): gateway.problems,
    ("networking.istio.io/v1", "VirtualService"): virtual_service.problems,
    ("networking.istio.io/v1", "DestinationRule"): destination_rule.problems,
    ("networking.istio.io/v1", "Sidecar"): sidecar.problems,
    ("security.istio.io/v1", "AuthorizationPolicy"): authorization_policy.problems,
    ("gateway.networking.k8s.io/v1", "Gateway"): waypoint.problems,
    ("networking.k8s.io/v1", "NetworkPolicy"): network_policy.problems,
    ("v1", "Service"): service.problems,
    ("discovery.k8s.io/v1", "EndpointSlice"): endpoint_slice.problems,
}
"""The only kinds that are written, each in the only version that is written (istio.md 12)."""


def check_object(obj: Mapping[str, Any], trust_domains: Collection[str] = ()) -> list[str]:
    """Return what is wrong with an object that is about to be written, as sentences.

    An empty list means that it keeps every rule. Objects of unknown kinds keep none.
    `trust_domains` are those of the mesh, its aliases included: identities of any other one are
    named. Empty when they are not known, then every trust domain is taken.
    """
    # Not list(): what was found before an error counts, too.
    found: list[str] = []
    try:
        for problem in _problems(obj, frozenset(trust_domains)):
            found.append(problem)
    except Malformed as error:
        found.append(f"The object is malformed: {error}.")
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        found.append(f"The object is malformed: {type(error).__name__} {error}.")
    return found


def _problems(obj: Mapping[str, Any], trust_domains: frozenset[str]) -> Iterator[str]:
    check = _CHECKS.get((obj["apiVersion"], obj["kind"]))
    if not check:
        kind = quoted(f"{obj['apiVersion']} {obj['kind']}")
        yield f"{kind} is a kind that the portal does not write."
        return
    yield from _metadata_problems(obj["metadata"])
    fields = endpoint_slice.FIELDS if obj["kind"] == "EndpointSlice" else {"spec"}
    if odd := set(obj) - _COMMON_FIELDS - fields:
        yield f"It carries fields of the server or of nobody: {', '.join(sorted(odd))}."
    if obj["metadata"].get("annotations", {}).get(CONTENT_HASH_ANNOTATION) != content_hash(obj):
        yield "Its content hash is missing or is not that of its content."
    yield from check(Look.at(obj, trust_domains))


def _metadata_problems(metadata: Mapping[str, Any]) -> Iterator[str]:
    labels = metadata.get("labels", {})
    if labels.get(MANAGED_BY_LABEL) != MANAGED_BY or not _is_installation(labels):
        yield "The labels of ownership are missing."
    if any(name.startswith("istio.io/rev") for name in labels):
        yield "A label of Istio would tie it to one revision of the control plane."
    if not is_dns_label(metadata["name"]) or not is_dns_label(metadata.get("namespace", "")):
        yield "Its name or namespace is no DNS label."
    if unknown := set(metadata) - _METADATA_FIELDS:
        yield f"Its metadata carries {', '.join(sorted(unknown))}, which is not ours to set."


def _is_installation(labels: Mapping[str, Any]) -> bool:
    installation = labels.get(INSTALLATION_LABEL)
    if installation is not None and not isinstance(installation, str):
        raise Malformed("the label of the installation is no text")
    return bool(installation) and is_label_value(installation or "")
