"""What `KubeGateway` promises of reading, on the sandbox and on a real API server alike.

The expectations are those of the recordings of a real API server (Kubernetes 1.36).
"""

import threading

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind
from egress.cluster.kube import KubeGateway
from egress.cluster.live import ObjectKey, list_owned, read_objects
from tests.cluster.sandboxes import Cluster
from tests.contract.manifests import LABELS, SPECS, manifest, refused, uid_of


class TestReading:
    def test_the_cluster_says_who_it_is_and_who_we_are(self, cluster: Cluster) -> None:
        first, second = cluster.gateway.identity(), cluster.gateway.identity()
        assert first == second
        assert len(first.uid) == 36
        assert first.version
        assert first.user

    def test_what_does_not_exist_is_none(self, cluster: Cluster, namespace: str) -> None:
        assert cluster.gateway.get(kinds.SERVICE_ENTRY, namespace, "absent") is None
        assert cluster.gateway.get(kinds.SERVICE_ENTRY, "no-such-namespace", "absent") is None
        assert cluster.gateway.get(kinds.NAMESPACE, "", "no-such-namespace") is None

    def test_a_kind_that_is_not_served_is_an_error_and_not_absence(self, cluster: Cluster) -> None:
        unknown = Kind("nothing.example.com/v1", "Thing", "things")
        admin = KubeGateway(cluster.admin)
        error = refused(lambda: admin.get(unknown, "default", "x"))
        assert error.fault is Fault.NOT_FOUND
        assert refused(lambda: admin.list(unknown)).fault is Fault.NOT_FOUND
        assert not cluster.gateway.serves(unknown)
        assert not cluster.gateway.serves(Kind("v1", "Thing", "things"))

    def test_the_kinds_we_write_are_served(self, cluster: Cluster) -> None:
        assert all(cluster.gateway.serves(kind) for kind in SPECS)

    def test_a_list_is_complete_however_many_pages_it_takes(
        self, cluster: Cluster, namespace: str
    ) -> None:
        for number in range(7):
            cluster.gateway.create(manifest(namespace, f"eg-{number}"))
        small = KubeGateway(cluster.gateway._calls._transport, page_size=3)
        listed = small.list(kinds.SERVICE_ENTRY, namespace)
        assert [item["metadata"]["name"] for item in listed.items] == [f"eg-{n}" for n in range(7)]
        assert listed.resource_version.isdigit()
        assert {item["kind"] for item in listed.items} == {"ServiceEntry"}

    def test_labels_select_what_is_ours(self, cluster: Cluster, namespace: str) -> None:
        cluster.gateway.create(manifest(namespace, "ours"))
        foreign = manifest(namespace, "foreign")
        foreign["metadata"]["labels"] = {**LABELS, "egress-portal.io/installation": "other"}
        cluster.put(foreign)
        owned = list_owned(cluster.gateway, "contract", SPECS, namespace)
        assert set(owned) == {ObjectKey(kinds.SERVICE_ENTRY, namespace, "ours")}

    def test_named_objects_are_read_whatever_their_labels(
        self, cluster: Cluster, namespace: str
    ) -> None:
        made = cluster.gateway.create(manifest(namespace))
        cluster.patch(made, {"metadata": {"labels": None}})
        here = ObjectKey(kinds.SERVICE_ENTRY, namespace, "eg-api")
        gone = ObjectKey(kinds.SIDECAR, namespace, "default")
        found = read_objects(cluster.gateway, [here, gone, here])
        assert found[gone] is None
        live = found[here]
        assert live is not None
        assert uid_of(live) == uid_of(made)

    def test_rights_are_told_as_they_are(self, cluster: Cluster) -> None:
        assert cluster.gateway.may("patch", kinds.SERVICE_ENTRY)
        if cluster.nobody is None:
            pytest.skip("A real cluster is called with one user only.")
        assert not cluster.nobody.may("patch", kinds.SERVICE_ENTRY)
        nobody = cluster.nobody
        error = refused(lambda: nobody.list(kinds.SERVICE_ENTRY))
        assert (error.fault, error.status, error.retryable) == (Fault.FORBIDDEN, 403, False)

    @pytest.mark.parametrize("name", ["..", "a/b", "A", "a?x=1", "", "a" * 254, "a\r\nb", "%2e%2e"])
    def test_a_name_cannot_lead_to_another_path(self, cluster: Cluster, name: str) -> None:
        with pytest.raises(ClusterError) as caught:
            cluster.gateway.get(kinds.SERVICE_ENTRY, "default", name)
        assert caught.value.fault is Fault.INVALID
        with pytest.raises(ClusterError):
            cluster.gateway.get(kinds.SERVICE_ENTRY, name, "x")


class TestWatching:
    def test_changes_are_told_in_order_and_the_watch_ends_in_time(
        self, cluster: Cluster, namespace: str
    ) -> None:
        start = cluster.gateway.list(kinds.SIDECAR).resource_version
        wanted = manifest(namespace, "default", kinds.SIDECAR)
        made = cluster.gateway.create(wanted)
        wanted["spec"]["egress"][0]["hosts"] = ["./*"]
        cluster.gateway.update(wanted, uid=uid_of(made))
        cluster.gateway.delete(kinds.SIDECAR, namespace, "default", uid=uid_of(made))
        events = [
            event
            for event in cluster.gateway.watch(kinds.SIDECAR, start, timeout=2)
            if event.type == "BOOKMARK" or event.object["metadata"].get("namespace") == namespace
        ]
        types = [event.type for event in events if event.type != "BOOKMARK"]
        assert types == ["ADDED", "MODIFIED", "DELETED"]
        versions = [int(event.object["metadata"]["resourceVersion"]) for event in events]
        assert versions == sorted(versions)
        assert versions[0] > int(start)

    def test_a_change_during_the_watch_arrives_at_once(
        self, cluster: Cluster, namespace: str
    ) -> None:
        start = cluster.gateway.list(kinds.SIDECAR).resource_version
        wanted = manifest(namespace, "default", kinds.SIDECAR)
        timer = threading.Timer(0.3, cluster.gateway.create, [wanted])
        timer.start()
        events = cluster.gateway.watch(kinds.SIDECAR, start, timeout=20)
        first = next(
            event for event in events if event.object["metadata"].get("namespace") == namespace
        )
        timer.join()
        assert first.type == "ADDED"

    def test_a_version_that_is_too_old_is_expired(self, cluster: Cluster) -> None:
        error = refused(lambda: list(cluster.gateway.watch(kinds.SERVICE_ENTRY, "1", timeout=2)))
        assert (error.fault, error.retryable) == (Fault.EXPIRED, True)
