"""Creating and changing objects beyond what the recording shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import (
    APPLY,
    ENTRIES,
    MERGE,
    NOBODY_TOKEN,
    PORTAL_TOKEN,
    Call,
    apply,
    entry,
    service,
)

NAMESPACES = "/api/v1/namespaces"
SERVICES = "/api/v1/namespaces/default/services"


def test_a_put_replaces_the_object_and_takes_what_it_changes(call: Call) -> None:
    body = apply(call, entry(exportTo=["."])).body
    current = call("GET", f"{ENTRIES}/one").body
    new = entry(exportTo=["*"])
    new["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"]
    replaced = call("PUT", f"{ENTRIES}/one?fieldManager=editor", new)
    assert replaced.status == 200
    assert replaced.body["metadata"]["uid"] == body["metadata"]["uid"]
    assert replaced.body["metadata"]["generation"] == 2
    assert ("editor", "Update", "") in replaced.managers


def test_a_put_that_changes_nothing_writes_nothing(call: Call) -> None:
    call("POST", ENTRIES, entry())
    current = call("GET", f"{ENTRIES}/one")
    assert call("PUT", f"{ENTRIES}/one", current.body).version == current.version


def test_a_put_of_an_object_that_is_not_there_is_refused(call: Call) -> None:
    assert call("PUT", f"{ENTRIES}/one", entry()).status == 404


def test_a_put_of_another_objects_uid_is_a_conflict(call: Call) -> None:
    created = call("POST", ENTRIES, entry())
    new = created.body | {"metadata": created.body["metadata"] | {"uid": "other"}}
    refused = call("PUT", f"{ENTRIES}/one", new)
    assert (refused.status, refused.body["reason"]) == (409, "Conflict")


def test_the_status_subresource_changes_the_status_alone(call: Call) -> None:
    created = apply(call, entry())
    body = created.body | {"spec": {"hosts": ["evil.example.com"]}, "status": {"conditions": []}}
    body["metadata"] = {**body["metadata"], "resourceVersion": "", "labels": {"a": "b"}}
    body["metadata"]["resourceVersion"] = str(call("GET", f"{ENTRIES}/one").version)
    written = call("PUT", f"{ENTRIES}/one/status", body)
    assert written.status == 200
    assert written.body["spec"]["hosts"] == ["a.example.com"]
    assert "labels" not in written.body["metadata"]
    assert written.body["status"] == {"conditions": []}


def test_a_status_in_a_create_is_dropped(call: Call) -> None:
    body = entry(resolution="NONE") | {"status": {"addresses": []}}
    assert "status" not in call("POST", ENTRIES, body).body


def test_a_dry_run_of_a_put_and_a_patch_keep_the_object(call: Call) -> None:
    created = call("POST", ENTRIES, entry(resolution="NONE"))
    patched = call("PATCH", f"{ENTRIES}/one?dryRun=All", {"spec": {"exportTo": ["."]}}, MERGE)
    assert patched.body["spec"]["exportTo"] == ["."]
    new = created.body | {"spec": created.body["spec"] | {"exportTo": ["*"]}}
    assert call("PUT", f"{ENTRIES}/one?dryRun=All", new).status == 200
    assert call("GET", f"{ENTRIES}/one").body == created.body


def test_a_patch_that_names_an_old_version_is_a_conflict(call: Call) -> None:
    call("POST", ENTRIES, entry())
    patch = {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}
    assert call("PATCH", f"{ENTRIES}/one", patch, MERGE).status == 409


def test_an_apply_that_names_an_old_version_is_a_conflict(call: Call) -> None:
    apply(call, entry())
    config = entry(exportTo=["."])
    config["metadata"]["resourceVersion"] = "1"
    assert apply(call, config).status == 409


def test_a_rename_by_patch_is_refused(call: Call) -> None:
    call("POST", ENTRIES, entry())
    patch = {"metadata": {"name": "other"}}
    assert call("PATCH", f"{ENTRIES}/one", patch, MERGE).status == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"apiVersion": "networking.istio.io/v1beta1"}, 400),
        ({"kind": "Sidecar"}, 400),
        ({"metadata": {"name": "one", "namespace": "kube-system"}}, 400),
        ({"metadata": {"name": 7}}, 400),
        ({"metadata": {"name": "one", "labels": {"a": 1}}}, 400),
        ({"metadata": "text"}, 400),
        ({"metadata": {}}, 422),
        ({"spec": "text"}, 422),
        ({"spec": None}, 422),
        ({"metadata": {"name": "one", "resourceVersion": "5"}}, 500),
    ],
)
def test_bodies_that_do_not_fit_get_a_definite_answer(
    call: Call, change: dict[str, Any], status: int
) -> None:
    reply = call("POST", ENTRIES, entry() | change)
    assert reply.status == status, reply.body
    assert "Internal error" not in reply.body["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"x"', b"\xff\xfe", b'{"a":1e999}', b"{" * 99])
@pytest.mark.parametrize("content_type", ["application/json", MERGE, APPLY])
def test_bodies_that_are_no_object_are_refused(call: Call, body: bytes, content_type: str) -> None:
    apply(call, entry())
    method = "POST" if content_type == "application/json" else "PATCH"
    target = ENTRIES if method == "POST" else f"{ENTRIES}/one"
    if content_type == APPLY:
        target += "?fieldManager=m"
    assert call(method, target, body, content_type).status == 400


def test_strict_validation_refuses_an_unknown_field_of_a_post(call: Call) -> None:
    refused = call("POST", f"{ENTRIES}?fieldValidation=Strict", entry(hostz=["x"]))
    assert refused.status == 400
    assert 'strict decoding error: unknown field "spec.hostz"' in refused.body["message"]


def test_ignored_unknown_fields_give_no_warning(call: Call) -> None:
    created = call("POST", f"{ENTRIES}?fieldValidation=Ignore", entry(hostz=["x"]))
    assert "warning" not in created.headers
    assert "hostz" not in created.body["spec"]


@pytest.mark.parametrize(
    "query", ["dryRun=Some", "fieldValidation=Loose", "force=true", f"fieldManager={'x' * 129}"]
)
def test_options_that_do_not_exist_are_refused(call: Call, query: str) -> None:
    call("POST", ENTRIES, entry())
    refused = call("PATCH", f"{ENTRIES}/one?{query}", {}, MERGE)
    assert (refused.status, refused.body["details"]["kind"]) == (422, "PatchOptions")


def test_an_apply_must_not_bring_managed_fields(call: Call) -> None:
    config = entry()
    config["metadata"]["managedFields"] = []
    assert "managedFields must be nil" in apply(call, config).body["message"]


def test_nulls_in_an_apply_do_not_make_it_write_again(call: Call) -> None:
    config = entry(subjectAltNames=None)
    config["metadata"]["creationTimestamp"] = None
    apply(call, config)
    first = call("GET", f"{ENTRIES}/one").version
    apply(call, config)
    assert call("GET", f"{ENTRIES}/one").version == first


def test_yaml_is_applied_like_json(call: Call) -> None:
    text = b"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: one, namespace: default, labels: {since: "2026-01-01"}}
spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}
"""
    reply = call("PATCH", f"{ENTRIES}/one?fieldManager=m", text, APPLY)
    assert (reply.status, reply.body["spec"]["ports"][0]["number"]) == (201, 443)


def test_yaml_that_unfolds_without_end_is_refused(call: Call) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    reply = call("PATCH", f"{ENTRIES}/one?fieldManager=m", "\n".join(lines).encode(), APPLY)
    assert (reply.status, "aliasing" in reply.body["message"]) == (400, True)


def test_a_namespace_gets_its_label_and_a_default_account(call: Call) -> None:
    call("POST", NAMESPACES, {"metadata": {"name": "lab"}})
    labels = call("GET", f"{NAMESPACES}/lab").body["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": "lab"}
    accounts = call("GET", f"{NAMESPACES}/lab/serviceaccounts").body["items"]
    assert [account["metadata"]["name"] for account in accounts] == ["default"]


def test_each_service_has_an_address_of_its_own_and_keeps_it(call: Call) -> None:
    first, second = apply(call, service("a")), apply(call, service("b"))
    assert first.body["spec"]["clusterIP"] != second.body["spec"]["clusterIP"]
    changed = apply(call, service("a", ports=[{"name": "tcp", "port": 5433}]))
    assert changed.body["spec"]["clusterIP"] == first.body["spec"]["clusterIP"]
    assert changed.body["spec"]["ports"] == [
        {"name": "tcp", "port": 5433, "protocol": "TCP", "targetPort": 5433}
    ]


def test_a_service_that_becomes_an_alias_gives_its_address_back(call: Call) -> None:
    call("POST", SERVICES, service())
    patch = {"spec": {"type": "ExternalName", "externalName": "a.example.com", "ports": None}}
    body = call("PATCH", f"{SERVICES}/db", patch, MERGE).body
    assert "clusterIP" not in body["spec"]


def test_the_creator_of_a_service_does_not_own_what_the_server_allocates(call: Call) -> None:
    body = call("POST", f"{SERVICES}?fieldManager=me", service()).body
    [claim] = body["metadata"]["managedFields"]
    assert set(claim["fieldsV1"]["f:spec"]) == {
        "f:internalTrafficPolicy",
        "f:ports",
        "f:sessionAffinity",
        "f:type",
    }


def test_the_items_of_a_built_in_list_do_not_repeat_their_kind(call: Call) -> None:
    apply(call, service())
    [item] = call("GET", SERVICES).body["items"]
    assert "kind" not in item
    apply(call, entry())
    assert call("GET", ENTRIES).body["items"][0]["kind"] == "ServiceEntry"


def test_the_portal_writes_entries_and_nothing_else(call: Call) -> None:
    assert call("POST", ENTRIES, entry(), token=PORTAL_TOKEN).status == 201
    lab = {"metadata": {"name": "lab"}}
    refused = call("POST", NAMESPACES, lab, token=PORTAL_TOKEN)
    assert refused.body["message"] == (
        'namespaces is forbidden: User "system:serviceaccount:egress-portal:portal" cannot create '
        'resource "namespaces" in API group "" at the cluster scope'
    )
    assert call("GET", NAMESPACES, token=PORTAL_TOKEN).status == 200
    assert call("DELETE", ENTRIES, token=PORTAL_TOKEN).status == 403
    assert call("PUT", f"{ENTRIES}/one/status", entry(), token=PORTAL_TOKEN).status == 403


@pytest.mark.parametrize("path", ["/version", "/healthz", "/livez", "/readyz"])
def test_health_and_version_are_open_to_everybody(call: Call, path: str) -> None:
    assert call("GET", path, token=None).status == 200


@pytest.mark.parametrize("path", ["/api", "/apis", "/openapi/v2", "/sandbox/ledger", "/"])
def test_other_documents_need_a_token(call: Call, path: str) -> None:
    refused = call("GET", path, token=None)
    assert refused.body["message"] == (
        f'forbidden: User "system:anonymous" cannot get path "{path}"'
    )


def test_the_ledger_shows_every_write_to_the_admin_alone(call: Call) -> None:
    version = call("GET", ENTRIES).body["metadata"]["resourceVersion"]
    apply(call, entry(resolution="NONE"))
    apply(call, entry(resolution="NONE"))
    call("PATCH", f"{ENTRIES}/one?fieldManager=ed", {"spec": {"exportTo": ["."]}}, MERGE)
    call("PATCH", f"{ENTRIES}/one?fieldManager=ed&dryRun=All", {"spec": {"exportTo": []}}, MERGE)
    call("DELETE", f"{ENTRIES}/one")
    found = call("GET", f"/sandbox/ledger?after={version}").body["entries"]
    assert [(e["verb"], e["manager"], e["name"]) for e in found] == [
        ("patch", "egress-portal", "one"),
        ("patch", "ed", "one"),
        ("delete", "unknown", "one"),
    ]
    assert {e["user"] for e in found} == {"admin"}
    assert [e["rv"] for e in found] == [int(version) + n for n in (1, 2, 3)]
    for token in (PORTAL_TOKEN, NOBODY_TOKEN):
        assert call("GET", "/sandbox/ledger", token=token).status == 403


def test_crds_are_listed_and_cannot_be_written(call: Call) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    names = {item["metadata"]["name"] for item in call("GET", path).body["items"]}
    assert {"serviceentries.networking.istio.io", "gateways.gateway.networking.k8s.io"} <= names
    assert call("DELETE", f"{path}/serviceentries.networking.istio.io").status == 405


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", f"{ENTRIES}/one", 405),
        ("PUT", ENTRIES, 405),
        ("DELETE", f"{ENTRIES}/one/status", 405),
        ("GET", f"{ENTRIES}/one/scale", 404),
        ("GET", f"{ENTRIES}/one/status/more", 404),
        ("GET", "/apis/networking.istio.io/v1/serviceentries/one", 404),
        ("POST", "/apis/networking.istio.io/v1/serviceentries", 405),
        ("DELETE", NAMESPACES, 405),
        ("POST", "/version", 405),
        ("GET", "/nonsense", 404),
    ],
)
def test_paths_and_methods_that_do_not_go_together(
    call: Call, method: str, target: str, status: int
) -> None:
    assert call(method, target, entry()).status == status
