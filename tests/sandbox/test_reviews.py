"""Reviews, in JSON and in the protobuf form that kubectl sends."""

from __future__ import annotations

from typing import Any

import pytest

from egress.sandbox import protobuf
from egress.sandbox.protobuf import message
from tests.sandbox.calling import NOBODY_TOKEN, PORTAL_TOKEN, Call

REVIEWS = "/apis/authorization.k8s.io/v1"


def envelope(kind: str, raw: bytes) -> bytes:
    meta = message((1, b"authorization.k8s.io/v1"), (2, kind.encode()))
    return protobuf.MAGIC + message((1, meta), (2, raw))


def asked(verb: str, resource: str) -> bytes:
    attributes = message((1, b"default"), (2, verb.encode()), (3, b""), (5, resource.encode()))
    return envelope("SelfSubjectAccessReview", message((2, message((1, attributes)))))


@pytest.mark.parametrize(("verb", "allowed"), [("get", True), ("delete", False)])
def test_a_review_in_protobuf_is_answered(call: Call, verb: str, allowed: bool) -> None:
    path = f"{REVIEWS}/selfsubjectaccessreviews"
    reply = call("POST", path, asked(verb, "pods"), protobuf.MEDIA, PORTAL_TOKEN)
    assert (reply.status, reply.body["status"]) == (201, {"allowed": allowed})
    assert reply.body["spec"]["resourceAttributes"]["resource"] == "pods"


@pytest.mark.parametrize(
    "body", [b"", b"k8s\0", b"k8s\0\xff\xff", b"k8s\0\x0a\x50abc", b"k8s\0\x0c", b"{}"]
)
def test_bytes_that_are_no_review_are_refused(call: Call, body: bytes) -> None:
    reply = call("POST", f"{REVIEWS}/selfsubjectaccessreviews", body, protobuf.MEDIA)
    assert reply.status in (400, 415)


def subject(user: str, verb: str) -> dict[str, Any]:
    attributes = {"verb": verb, "group": "networking.istio.io", "resource": "serviceentries"}
    return {"kind": "SubjectAccessReview", "spec": {"user": user, "resourceAttributes": attributes}}


@pytest.mark.parametrize(
    ("user", "verb", "allowed"),
    [
        ("system:serviceaccount:egress-portal:portal", "patch", True),
        ("system:serviceaccount:egress-portal:portal", "deletecollection", False),
        ("admin", "deletecollection", True),
        ("nobody", "get", False),
        ("a stranger", "get", False),
    ],
)
def test_the_admin_may_ask_about_others(call: Call, user: str, verb: str, allowed: bool) -> None:
    reply = call("POST", f"{REVIEWS}/subjectaccessreviews", subject(user, verb))
    assert reply.body["status"] == {"allowed": allowed}


def test_others_may_ask_about_themselves_only(call: Call) -> None:
    path = f"{REVIEWS}/subjectaccessreviews"
    assert call("POST", path, subject("admin", "get"), token=NOBODY_TOKEN).status == 403


def test_a_review_of_nothing_is_refused(call: Call) -> None:
    reply = call("POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {}})
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")


def test_paths_can_be_asked_about(call: Call) -> None:
    body = {"spec": {"nonResourceAttributes": {"verb": "get", "path": "/sandbox/ledger"}}}
    path = f"{REVIEWS}/selfsubjectaccessreviews"
    assert call("POST", path, body).body["status"]["allowed"] is True
    assert call("POST", path, body, token=PORTAL_TOKEN).body["status"]["allowed"] is False


def test_a_user_can_list_his_rules(call: Call) -> None:
    reply = call("POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})
    assert reply.body["status"]["resourceRules"][0]["verbs"] == ["*"]


def test_a_config_map_is_read_from_protobuf(call: Call) -> None:
    meta = message((1, b"c"), (11, message((1, b"l"), (2, b"v"))))
    data = message((1, b"key"), (2, b"value"))
    raw = message((1, meta), (2, data))
    about = message((1, b"v1"), (2, b"ConfigMap"))
    body = protobuf.MAGIC + message((1, about), (2, raw))
    reply = call("POST", "/api/v1/namespaces/default/configmaps", body, protobuf.MEDIA)
    assert (reply.status, reply.body["data"]) == (201, {"key": "value"})
    assert reply.body["metadata"]["labels"] == {"l": "v"}


def test_kinds_that_are_not_read_from_protobuf_are_refused_as_such(call: Call) -> None:
    path = "/api/v1/namespaces/default/pods"
    assert call("POST", path, envelope("Pod", b""), protobuf.MEDIA).status == 415
