"""What `KubeGateway` promises of writes, on the sandbox and on a real API server alike.

The expectations are those of the recordings of a real API server (Kubernetes 1.36).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind, KubeObject
from egress.cluster.kube import KubeGateway
from egress.cluster.transport import Answer, Transport
from tests.cluster.sandboxes import Cluster
from tests.contract.manifests import (
    LABELS,
    NOBODYS_UID,
    SPECS,
    manifest,
    quiet,
    read,
    refused,
    uid_of,
    version_of,
)


class TestCreating:
    @pytest.mark.parametrize("kind", SPECS, ids=lambda kind: str(kind.kind))
    def test_each_kind_is_created_changed_and_deleted(
        self, cluster: Cluster, namespace: str, kind: Kind
    ) -> None:
        wanted = manifest(namespace, kind=kind)
        made = cluster.gateway.create(wanted)
        assert read(cluster, made)["spec"] == wanted["spec"]
        wanted["metadata"]["annotations"] = {"egress-portal.io/hash": "2"}
        changed = cluster.gateway.update(wanted, uid=uid_of(made))
        assert uid_of(changed) == uid_of(made)
        assert version_of(changed) != version_of(made)
        cluster.gateway.delete(kind, namespace, "eg-api", uid=uid_of(made))
        assert cluster.gateway.get(kind, namespace, "eg-api") is None

    def test_creating_again_after_a_crash_changes_nothing(
        self, cluster: Cluster, namespace: str
    ) -> None:
        made = cluster.gateway.create(quiet(namespace))
        again = cluster.gateway.create(quiet(namespace))
        assert (uid_of(again), version_of(again)) == (uid_of(made), version_of(made))

    def test_a_foreign_object_in_the_way_stays_as_it_is(
        self, cluster: Cluster, namespace: str
    ) -> None:
        foreign = manifest(namespace)
        foreign["spec"]["hosts"] = ["other.example.com"]
        theirs = cluster.put(foreign)
        for act in (_create, _try):
            assert refused(partial(act, cluster, namespace)).fault is Fault.CONFLICT
        assert read(cluster, theirs)["spec"] == foreign["spec"]

    @pytest.mark.parametrize("labels", [{}, LABELS], ids=["unlabelled", "with our labels"])
    def test_an_equal_foreign_object_is_not_taken_over(
        self, cluster: Cluster, namespace: str, labels: dict[str, str]
    ) -> None:
        foreign = manifest(namespace)
        foreign["metadata"]["labels"] = dict(labels)
        theirs = cluster.put(foreign)
        for act in (_create, _try):
            assert refused(partial(act, cluster, namespace)).fault is Fault.CONFLICT
        assert _managers(read(cluster, theirs)) == {"tenant"}

    def test_another_installation_of_the_portal_is_foreign(
        self, cluster: Cluster, namespace: str
    ) -> None:
        others = quiet(namespace)
        others["metadata"]["labels"]["egress-portal.io/installation"] = "other"
        made = cluster.gateway.create(others)
        for dry_run in (True, False):
            create = partial(cluster.gateway.create, quiet(namespace), dry_run=dry_run)
            assert refused(create).fault is Fault.CONFLICT
        assert version_of(read(cluster, made)) == version_of(made)

    @pytest.mark.parametrize("equal", [True, False], ids=["equal", "different"])
    def test_a_foreign_object_that_appears_meanwhile_is_noticed(
        self, cluster: Cluster, namespace: str, equal: bool
    ) -> None:
        foreign = manifest(namespace)
        if not equal:
            foreign["spec"]["hosts"] = ["other.example.com"]
        racing = KubeGateway(_AfterRead(cluster, lambda: cluster.put(foreign)))
        assert refused(lambda: racing.create(manifest(namespace))).fault is Fault.CONFLICT
        assert read(cluster, foreign)["spec"] == foreign["spec"]

    @pytest.mark.parametrize("equal", [True, False], ids=["equal", "different"])
    def test_a_foreign_object_that_appears_after_the_dry_run_is_noticed(
        self, cluster: Cluster, namespace: str, equal: bool
    ) -> None:
        cluster.gateway.create(manifest(namespace), dry_run=True)
        foreign = manifest(namespace)
        if not equal:
            foreign["spec"]["hosts"] = ["other.example.com"]
        cluster.put(foreign)
        create = partial(cluster.gateway.create, manifest(namespace), looked=True)
        assert refused(create).fault is Fault.CONFLICT
        assert read(cluster, foreign)["spec"] == foreign["spec"]

    def test_what_was_tried_out_is_created_by_a_single_request(
        self, cluster: Cluster, namespace: str
    ) -> None:
        seen: list[str] = []
        counting = KubeGateway(_Counting(cluster, seen))
        counting.create(manifest(namespace), dry_run=True)
        counting.create(manifest(namespace), looked=True)
        assert seen == ["PATCH", "PATCH"]
        assert cluster.gateway.get(kinds.SERVICE_ENTRY, namespace, "eg-api") is not None

    def test_a_dry_run_creates_nothing(self, cluster: Cluster, namespace: str) -> None:
        tried = cluster.gateway.create(manifest(namespace), dry_run=True)
        assert tried["spec"] == SPECS[kinds.SERVICE_ENTRY]
        assert cluster.gateway.get(kinds.SERVICE_ENTRY, namespace, "eg-api") is None

    def test_a_namespace_that_is_missing_is_told(self, cluster: Cluster) -> None:
        error = refused(lambda: cluster.gateway.create(manifest("no-such-namespace")))
        assert error.fault is Fault.NOT_FOUND
        assert "no-such-namespace" in error.message

    @pytest.mark.parametrize(
        "change",
        [
            {"hostz": ["a.example.com"]},
            {"hosts": "not-a-list"},
            {"hosts": None},
            {"resolution": "SOMETIMES"},
            {"ports": [{"number": 70000, "name": "x", "protocol": "TLS"}]},
            {"addresses": ["10.0.0.0/8"]},
        ],
        ids=["unknown field", "wrong type", "missing", "enum", "range", "rule"],
    )
    @pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "for real"])
    def test_what_the_schema_refuses_is_invalid_for_good(
        self, cluster: Cluster, namespace: str, change: dict[str, Any], dry_run: bool
    ) -> None:
        wanted = manifest(namespace)
        wanted["spec"] = {
            key: value for key, value in {**wanted["spec"], **change}.items() if value is not None
        }
        error = refused(lambda: cluster.gateway.create(wanted, dry_run=dry_run))
        assert (error.fault, error.retryable) == (Fault.INVALID, False)

    def test_annotations_that_are_too_large_are_invalid(
        self, cluster: Cluster, namespace: str
    ) -> None:
        wanted = manifest(namespace)
        wanted["metadata"]["annotations"] = {"a": "x" * 262_200}
        error = refused(lambda: cluster.gateway.create(wanted))
        assert error.fault is Fault.INVALID
        assert len(error.message) < 700

    def test_an_object_of_a_kind_we_do_not_handle_is_not_sent(self, cluster: Cluster) -> None:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
        with pytest.raises(ClusterError, match="does not handle"):
            cluster.gateway.create(secret)


class TestUpdating:
    def test_our_fields_are_taken_back_and_those_of_others_stay(
        self, cluster: Cluster, namespace: str
    ) -> None:
        made = cluster.gateway.create(manifest(namespace))
        cluster.patch(made, {"spec": {"resolution": "NONE"}}, "kubectl-edit")
        cluster.patch(made, {"metadata": {"annotations": {"team": "theirs"}}}, "tenant")
        updated = cluster.gateway.update(manifest(namespace), uid=uid_of(made))
        assert updated["spec"]["resolution"] == "DNS"
        assert updated["metadata"]["annotations"] == {"team": "theirs"}

    def test_labels_that_were_stripped_come_back(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(manifest(namespace))
        cluster.patch(made, {"metadata": {"labels": None}})
        updated = cluster.gateway.update(manifest(namespace), uid=uid_of(made))
        assert updated["metadata"]["labels"] == LABELS

    def test_what_we_leave_out_is_removed(self, cluster: Cluster, namespace: str) -> None:
        wanted = manifest(namespace)
        wanted["spec"]["ports"].append({"number": 80, "name": "http-80", "protocol": "HTTP"})
        made = cluster.gateway.create(wanted)
        updated = cluster.gateway.update(manifest(namespace), uid=uid_of(made))
        assert [port["number"] for port in updated["spec"]["ports"]] == [443]

    def test_an_unchanged_object_keeps_its_version(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(quiet(namespace))
        updated = cluster.gateway.update(quiet(namespace), uid=uid_of(made))
        assert version_of(updated) == version_of(made)

    def test_the_status_of_a_controller_stays(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(manifest(namespace))
        status = {"addresses": [{"value": "240.240.0.9", "host": "api.example.com"}]}
        path = f"/apis/networking.istio.io/v1/namespaces/{namespace}/serviceentries/eg-api/status"
        body = {**_bare(made), "status": status}
        query = {"fieldManager": "pilot-discovery", "force": "true"}
        apply = {"Content-Type": "application/apply-patch+yaml"}
        cluster.call("PATCH", path, query, body, apply)
        wanted = manifest(namespace)
        wanted["spec"]["resolution"] = "NONE"
        updated = cluster.gateway.update(wanted, uid=uid_of(made))
        assert updated["status"]["addresses"]
        assert version_of(cluster.gateway.create(wanted)) == version_of(read(cluster, made))

    def test_another_object_under_the_name_is_a_conflict(
        self, cluster: Cluster, namespace: str
    ) -> None:
        made = cluster.gateway.create(quiet(namespace))
        error = refused(lambda: cluster.gateway.update(quiet(namespace), uid=NOBODYS_UID))
        assert error.fault is Fault.CONFLICT
        assert version_of(read(cluster, made)) == version_of(made)

    def test_an_object_that_is_gone_is_a_conflict_and_stays_gone(
        self, cluster: Cluster, namespace: str
    ) -> None:
        error = refused(lambda: cluster.gateway.update(manifest(namespace), uid=NOBODYS_UID))
        assert error.fault is Fault.CONFLICT
        assert cluster.gateway.get(kinds.SERVICE_ENTRY, namespace, "eg-api") is None

    def test_a_dry_run_changes_nothing(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(manifest(namespace))
        wanted = manifest(namespace)
        wanted["spec"]["resolution"] = "NONE"
        tried = cluster.gateway.update(wanted, uid=uid_of(made), dry_run=True)
        assert tried["spec"]["resolution"] == "NONE"
        assert read(cluster, made)["spec"]["resolution"] == "DNS"

    def test_without_a_uid_nothing_is_sent(self, cluster: Cluster, namespace: str) -> None:
        error = refused(lambda: cluster.gateway.update(manifest(namespace), uid=""))
        assert error.fault is Fault.INVALID


class TestDeleting:
    def test_only_the_object_with_the_uid_is_deleted(
        self, cluster: Cluster, namespace: str
    ) -> None:
        made = cluster.gateway.create(manifest(namespace))
        error = refused(lambda: _delete(cluster, namespace, uid=NOBODYS_UID))
        assert error.fault is Fault.CONFLICT
        assert uid_of(read(cluster, made)) == uid_of(made)

    def test_only_the_version_that_was_seen_is_deleted(
        self, cluster: Cluster, namespace: str
    ) -> None:
        made = cluster.gateway.create(quiet(namespace))
        now = cluster.patch(made, {"metadata": {"annotations": {"new": "1"}}})
        delete = partial(
            cluster.gateway.delete, kinds.SIDECAR, namespace, "default", uid=uid_of(made)
        )
        error = refused(lambda: delete(resource_version=version_of(made)))
        assert error.fault is Fault.CONFLICT
        delete(resource_version=version_of(now))
        assert cluster.gateway.get(kinds.SIDECAR, namespace, "default") is None

    def test_a_dry_run_deletes_nothing(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(manifest(namespace))
        _delete(cluster, namespace, uid=uid_of(made), dry_run=True)
        assert uid_of(read(cluster, made)) == uid_of(made)

    def test_what_is_gone_already_is_success(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(manifest(namespace))
        for _ in range(2):
            _delete(cluster, namespace, uid=uid_of(made))

    def test_without_a_uid_nothing_is_deleted(self, cluster: Cluster, namespace: str) -> None:
        made = cluster.gateway.create(manifest(namespace))
        assert refused(lambda: _delete(cluster, namespace, uid="")).fault is Fault.INVALID
        assert uid_of(read(cluster, made)) == uid_of(made)


class _AfterRead:
    """A transport on which something happens right after the first read."""

    def __init__(self, cluster: Cluster, happen: Callable[[], object]) -> None:
        self._inner: Transport = cluster.gateway._calls._transport
        self._happen: Callable[[], object] | None = happen

    def request(self, method: str, path: str, **rest: Any) -> Answer:
        answer = self._inner.request(method, path, **rest)
        if method == "GET" and self._happen is not None:
            happen, self._happen = self._happen, None
            happen()
        return answer

    def stream(self, path: str, **rest: Any) -> Any:
        return self._inner.stream(path, **rest)

    def close(self) -> None:
        self._inner.close()


class _Counting(_AfterRead):
    """A transport that notes the method of each request."""

    def __init__(self, cluster: Cluster, seen: list[str]) -> None:
        super().__init__(cluster, lambda: None)
        self._seen = seen

    def request(self, method: str, path: str, **rest: Any) -> Answer:
        self._seen.append(method)
        return self._inner.request(method, path, **rest)


def _create(cluster: Cluster, namespace: str) -> None:
    cluster.gateway.create(manifest(namespace))


def _try(cluster: Cluster, namespace: str) -> None:
    cluster.gateway.create(manifest(namespace), dry_run=True)


def _delete(cluster: Cluster, namespace: str, **options: Any) -> None:
    cluster.gateway.delete(kinds.SERVICE_ENTRY, namespace, "eg-api", **options)


def _bare(obj: KubeObject) -> KubeObject:
    metadata = {"name": obj["metadata"]["name"], "namespace": obj["metadata"]["namespace"]}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}


def _managers(obj: KubeObject) -> set[str]:
    return {
        entry["manager"]
        for entry in obj["metadata"]["managedFields"]
        if not entry.get("subresource")
    }
