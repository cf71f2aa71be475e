"""Workloads, rights, admission policies and plain objects: defaults, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from egress.sandbox.schema import Node, prune, schema_of, validate, with_defaults

DEPLOYMENT = schema_of("apps", "Deployment")
META = {"name": "rec", "namespace": "default"}


def found(node: Node, obj: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cause.field, cause.message) for cause in validate(node, obj)]


def test_a_deployment_gets_defaults_and_must_select_its_pods() -> None:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "registry.example:5000/web:1"}]},
    }
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    full: Any = with_defaults(DEPLOYMENT, {"metadata": META, "spec": spec})
    assert found(DEPLOYMENT, full) == []
    assert full["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    [container] = full["spec"]["template"]["spec"]["containers"]
    assert container["imagePullPolicy"] == "IfNotPresent"
    other = {**full, "spec": {**full["spec"], "selector": {"matchLabels": {"app": "api"}}}}
    assert found(DEPLOYMENT, other) == [
        (
            "spec.template.metadata.labels",
            "Invalid value: `selector` does not match template `labels`",
        )
    ]


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("web:1", "IfNotPresent"),
        ("r.example:5000/web", "Always"),
        ("web@sha256:00", "IfNotPresent"),
    ],
)
def test_a_container_without_a_tag_is_pulled_always(image: str, wanted: str) -> None:
    spec = {"containers": [{"name": "a", "image": image}]}
    pod: Any = with_defaults(schema_of("", "Pod"), {"metadata": META, "spec": spec})
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == wanted


def whole(group: str, kind: str, **fields: Any) -> list[tuple[str, str]]:
    node = schema_of(group, kind)
    namespaced = node.root is not None and node.root.namespaced
    meta = META if namespaced else {"name": "rec"}
    obj = {"apiVersion": f"{group}/v1".lstrip("/"), "kind": kind, "metadata": meta, **fields}
    assert prune(node, obj)[1] == []
    return found(node, with_defaults(node, obj))


RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"


@pytest.mark.parametrize(
    ("group", "kind", "fields", "wrong"),
    [
        ("", "Namespace", {}, []),
        ("", "ServiceAccount", {"imagePullSecrets": [{"name": "a"}]}, []),
        ("", "ConfigMap", {"data": {"a.b": "c"}}, []),
        ("", "ConfigMap", {"data": {"a/b": "c"}}, ["data"]),
        ("", "ConfigMap", {"data": {"a": "x" * (2**20 + 1)}}, [""]),
        ("", "Event", {"involvedObject": {"name": "a"}, "eventTime": None}, []),
        ("", "Pod", {}, ["spec.containers"]),
        (RBAC, "Role", {"rules": [{"verbs": ["get"], "resources": ["pods"]}]}, []),
        (RBAC, "Role", {"rules": [{"resources": ["pods"]}]}, ["rules[0].verbs"]),
        (RBAC, "ClusterRoleBinding", {"roleRef": {"kind": "Role", "name": "a"}}, ["roleRef.kind"]),
        (RBAC, "RoleBinding", {"roleRef": {"kind": "Role", "name": "a"}}, []),
        (RBAC, "RoleBinding", {}, ["roleRef"]),
        (ADMISSION, "ValidatingAdmissionPolicy", {"spec": {}},
         ["spec.matchConstraints", "spec.validations"]),
        (ADMISSION, "ValidatingAdmissionPolicyBinding", {"spec": {}},
         ["spec.policyName", "spec.validationActions"]),
    ],
)  # fmt: skip
def test_the_other_kinds_are_checked(
    group: str, kind: str, fields: dict[str, Any], wrong: list[str]
) -> None:
    assert [field for field, _ in whole(group, kind, **fields)] == wrong


def test_a_role_may_have_a_name_with_colons() -> None:
    node = schema_of(RBAC, "ClusterRole")
    assert found(node, {"metadata": {"name": "system:node"}}) == []
    assert found(node, {"metadata": {"name": "a/b"}}) == [
        ("metadata.name", "Invalid value: \"a/b\": may not contain '/'")
    ]


def test_a_binding_fills_in_the_group_of_people() -> None:
    node = schema_of(RBAC, "RoleBinding")
    binding: Any = with_defaults(
        node,
        {
            "roleRef": {"kind": "Role", "name": "a"},
            "subjects": [{"kind": "User", "name": "dana"}, {"kind": "ServiceAccount", "name": "b"}],
        },
    )
    assert binding["roleRef"]["apiGroup"] == RBAC
    assert [subject.get("apiGroup") for subject in binding["subjects"]] == [RBAC, None]
