"""Asking a mesh: what it takes, and what it says about what it cannot read."""

import pytest

from egress.domain.access import Subject
from tests.domain.explain.meshes import SIDECAR, TCP, TLS, four_grants, mesh, objects, reasons


def test_kinds_that_do_not_matter_are_ignored() -> None:
    others = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}},
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
         "metadata": {"name": "ingress", "namespace": "shop"},
         "spec": {"gatewayClassName": "istio"}},
    ]  # fmt: skip
    assert mesh([*four_grants(), *others]).anomalies() == ()


def test_a_thing_that_is_no_object_is_an_anomaly_and_no_crash() -> None:
    assert reasons(mesh([{"kind": "ServiceEntry"}, {}])) == {"ObjectUnreadable"}


def test_an_unreadable_object_counts_for_nothing() -> None:
    broken = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": "default"},
        "spec": [],
    }
    found = mesh([broken], SIDECAR)
    assert found.can(Subject("default"), "stranger.example", 443, TLS).allowed
    (anomaly,) = found.anomalies()
    assert anomaly.sentence.startswith("Sidecar default/default cannot be read (a mapping is")


def test_a_malformed_range_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits"):
        mesh([]).can(Subject("default"), "203.0.113.7/24", 443, TCP)


def test_the_order_of_objects_changes_no_answer_and_no_anomaly() -> None:
    found = objects("default-deny", "sidecar", "aliases")
    there, back = mesh(found, SIDECAR), mesh(list(reversed(found)), SIDECAR)
    question = (Subject("default"), "old-database", 5432, TCP)
    assert there.can(*question) == back.can(*question)
    assert mesh(found).anomalies() == mesh(list(reversed(found))).anomalies()
