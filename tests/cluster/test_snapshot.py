"""Reading a cluster for its posture: complete, or with a sentence for what is missing."""

from collections.abc import Iterator
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind
from egress.cluster.snapshot import KINDS, read_snapshot
from egress.domain.posture import Read
from tests.cluster.company import Company, company_in_process


@pytest.fixture
def company() -> Iterator[Company]:
    with company_in_process(bootstrapped=False) as made:
        yield made


class _Limited:
    """The gateway of a cluster where a kind fails, or is not served."""

    def __init__(self, inner: Any, error: ClusterError | None = None, unserved: str = "") -> None:
        self._inner, self._error, self._unserved = inner, error, unserved

    def pages(self, kind: Kind, *rest: Any, **more: Any) -> Any:
        if self._error and kind is kinds.SIDECAR:
            raise self._error
        assert kind.plural != self._unserved
        return self._inner.pages(kind, *rest, **more)

    def serves(self, kind: Kind) -> bool:
        return kind.plural != self._unserved and self._inner.serves(kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_every_kind_of_the_posture_is_read(company: Company) -> None:
    snapshot = read_snapshot(company.cluster.gateway)
    assert set(KINDS) == set(Read)
    assert not snapshot.unread
    assert len(snapshot.of(Read.SERVICE_ENTRY)) == 1
    assert {pod.namespace for pod in snapshot.pods} >= {"shop", "istio-egress"}
    assert snapshot.mesh.trust_domain == "cluster.local"
    assert snapshot.mesh.dns_capture is True


def test_pods_are_read_of_the_namespaces_that_are_asked_for(company: Company) -> None:
    snapshot = read_snapshot(company.cluster.gateway, pods_of={"shop", "istio-egress", "none"})
    assert {pod.namespace for pod in snapshot.pods} == {"shop", "istio-egress"}
    whole = read_snapshot(company.cluster.gateway)
    assert snapshot.objects == whole.objects
    assert set(map(repr, snapshot.pods)) < set(map(repr, whole.pods))


def test_what_may_not_be_read_is_told_by_kind(company: Company) -> None:
    error = ClusterError("Could not list sidecars: forbidden.", Fault.FORBIDDEN)
    snapshot = read_snapshot(_Limited(company.cluster.gateway, error))
    assert snapshot.unread == {Read.SIDECAR: "Could not list sidecars: forbidden."}
    assert snapshot.why_unread([Read.SIDECAR, Read.GATEWAY]) == snapshot.unread[Read.SIDECAR]
    assert snapshot.why_unread([Read.GATEWAY]) == ""


def test_a_failure_that_may_pass_is_no_answer(company: Company) -> None:
    error = ClusterError("Too slow.", Fault.TIMEOUT, retryable=True)
    with pytest.raises(ClusterError, match="Too slow"):
        read_snapshot(_Limited(company.cluster.gateway, error))


def test_a_kind_that_is_not_served_has_no_objects(company: Company) -> None:
    limited = _Limited(company.cluster.gateway, unserved="validatingadmissionpolicies")
    snapshot = read_snapshot(limited)
    assert snapshot.of(Read.ADMISSION_POLICY) == ()
    assert Read.ADMISSION_POLICY not in snapshot.unread


@pytest.mark.parametrize(
    ("pod", "detour", "captures"),
    [
        ({}, "", None),
        ({"spec": {"hostNetwork": True}}, "it uses the network of its node", None),
        (
            {"annotations": {"traffic.sidecar.istio.io/excludeOutboundIPRanges": "0.0.0.0/0"}},
            'it has the annotation "traffic.sidecar.istio.io/excludeOutboundIPRanges"',
            None,
        ),
        ({"annotations": {"traffic.sidecar.istio.io/includeOutboundIPRanges": "*"}}, "", None),
        (
            {
                "annotations": {
                    "proxy.istio.io/config": 'proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}'
                }
            },
            "",
            True,
        ),
        ({"annotations": {"proxy.istio.io/config": "&a [*a"}}, "", None),
        ({"env": [{"name": "ISTIO_META_DNS_CAPTURE", "value": "false"}]}, "", False),
    ],
)
def test_pods_say_how_their_traffic_goes(
    company: Company, pod: dict[str, Any], detour: str, captures: bool | None
) -> None:
    proxy = {
        "name": "istio-proxy",
        "image": "proxy:1",
        "env": pod.get("env", []),
        "ports": [{"name": "tls", "containerPort": 8443}],
    }
    metadata = {"name": "one", "namespace": "legacy", "annotations": pod.get("annotations", {})}
    spec = {"containers": [proxy], **pod.get("spec", {})}
    company.cluster.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    snapshot = read_snapshot(company.cluster.gateway)
    (found,) = [one for one in snapshot.pods if (one.namespace, one.name) == ("legacy", "one")]
    assert (found.detour, found.dns_capture) == (detour, captures)
    assert (found.has_proxy, found.ports) == (True, {"tls": 8443})


def test_what_the_portal_wrote_is_left_out_where_nothing_depends_on_it(company: Company) -> None:
    whole = read_snapshot(company.cluster.gateway)
    (entry,) = whole.of(Read.SERVICE_ENTRY)
    services = whole.of(Read.SERVICE)
    ours = {obj["metadata"]["uid"] for obj in (entry, *services)}
    snapshot = read_snapshot(company.cluster.gateway, ours=ours)
    assert snapshot.of(Read.SERVICE_ENTRY) == ()
    assert services
    assert snapshot.of(Read.SERVICE) == services
