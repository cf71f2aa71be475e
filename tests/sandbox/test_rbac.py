"""Reviews about others are judged by the roles and bindings that are stored, as RBAC does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import PORTAL_TOKEN, Call

API = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
DEPLOY = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "get"]}
DANA = {"kind": "User", "name": "dana"}


def role(call: Call, *rules: dict[str, Any], namespace: str = "", name: str = "deployer") -> None:
    path = f"{API}/namespaces/{namespace}/roles" if namespace else f"{API}/clusterroles"
    body = {"metadata": {"name": name}, "rules": list(rules or [DEPLOY])}
    assert call("POST", path, body).status == 201


def bind(
    call: Call, *subjects: dict[str, Any], namespace: str = "", of: str = "ClusterRole"
) -> None:
    path = (
        f"{API}/namespaces/{namespace}/rolebindings" if namespace else f"{API}/clusterrolebindings"
    )
    body = {
        "metadata": {"name": "binding"},
        "subjects": list(subjects or [DANA]),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": of, "name": "deployer"},
    }
    assert call("POST", path, body).status == 201


def status(call: Call, user: str = "dana", **asked: Any) -> dict[str, Any]:
    groups = asked.pop("groups", [])
    wish = {"verb": "create", "group": "apps", "resource": "deployments", "namespace": "default"}
    spec = {"user": user, "groups": groups, "resourceAttributes": wish | asked}
    body = {"kind": "SubjectAccessReview", "spec": spec}
    reply = call("POST", REVIEWS, body, token=PORTAL_TOKEN)
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.body["status"]
    return found


def allowed(call: Call, user: str = "dana", **asked: Any) -> bool:
    return status(call, user, **asked)["allowed"] is True


def test_without_a_binding_nobody_may(call: Call) -> None:
    role(call)
    assert status(call) == {"allowed": False}


def test_a_binding_in_a_namespace_gives_its_rights_there_alone(call: Call) -> None:
    role(call)
    bind(call, namespace="default")
    assert status(call) == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "binding/default" of ClusterRole "deployer" '
        'to User "dana"',
    }
    assert not allowed(call, namespace="kube-public")
    assert not allowed(call, namespace="")
    assert not allowed(call, "dan")


def test_a_cluster_role_binding_gives_rights_everywhere(call: Call) -> None:
    role(call)
    bind(call)
    assert allowed(call)
    assert allowed(call, namespace="")
    assert status(call)["reason"] == (
        'RBAC: allowed by ClusterRoleBinding "binding" of ClusterRole "deployer" to User "dana"'
    )


@pytest.mark.parametrize(
    "wish",
    [
        {"verb": "delete"},
        {"group": ""},
        {"resource": "daemonsets"},
        {"subresource": "scale"},
    ],
)
def test_what_a_rule_does_not_list_is_not_allowed(call: Call, wish: dict[str, str]) -> None:
    role(call)
    bind(call)
    assert not allowed(call, **wish)


@pytest.mark.parametrize("wild", ["verbs", "apiGroups", "resources"])
def test_a_star_covers_everything_of_its_list_and_nothing_of_others(call: Call, wild: str) -> None:
    role(call, DEPLOY | {wild: ["*"]})
    bind(call)
    wishes = {
        "verbs": {"verb": "delete"},
        "apiGroups": {"group": "batch"},
        "resources": {"resource": "daemonsets"},
    }
    assert {name: allowed(call, **wish) for name, wish in wishes.items()} == {
        name: name == wild for name in wishes
    }


def test_subresources_are_named_one_by_one_or_by_their_own_star(call: Call) -> None:
    role(call, DEPLOY | {"resources": ["deployments/status", "*/scale"]})
    bind(call)
    assert allowed(call, subresource="status")
    assert allowed(call, subresource="scale")
    assert allowed(call, resource="daemonsets", subresource="scale")
    assert not allowed(call)
    assert not allowed(call, resource="daemonsets", subresource="status")


def test_a_rule_for_certain_names_gives_nothing_without_one(call: Call) -> None:
    role(call, DEPLOY | {"resourceNames": ["web"]})
    bind(call)
    assert allowed(call, name="web")
    assert not allowed(call, name="api")
    assert not allowed(call)


@pytest.mark.parametrize("group", ["team-shop", "system:authenticated"])
def test_groups_are_those_that_the_review_names(call: Call, group: str) -> None:
    role(call)
    bind(call, {"kind": "Group", "name": group}, namespace="default")
    assert allowed(call, groups=[group, "others"])
    assert not allowed(call)
    assert not allowed(call, group), "a user of that name is not the group"


def test_a_service_account_is_bound_by_its_name_and_namespace(call: Call) -> None:
    role(call)
    bind(call, {"kind": "ServiceAccount", "name": "ci", "namespace": "default"})
    assert allowed(call, "system:serviceaccount:default:ci")
    assert not allowed(call, "system:serviceaccount:other:ci")
    assert not allowed(call, "ci")


def test_a_role_of_another_namespace_is_not_found(call: Call) -> None:
    role(call, namespace="kube-public")
    bind(call, namespace="default", of="Role")
    assert status(call) == {
        "allowed": False,
        "reason": 'RBAC: role.rbac.authorization.k8s.io "deployer" not found',
    }


def test_a_role_that_went_takes_its_rights_along(call: Call) -> None:
    role(call)
    bind(call)
    assert allowed(call)
    assert call("DELETE", f"{API}/clusterroles/deployer").status == 200
    assert not allowed(call)


def test_rules_for_paths_give_no_resources_and_the_other_way_round(call: Call) -> None:
    role(call, {"verbs": ["*"], "nonResourceURLs": ["/metrics*"]})
    bind(call)
    assert not allowed(call)
    for path, expected in {"/metrics/slis": True, "/healthz": False}.items():
        spec = {"user": "dana", "nonResourceAttributes": {"verb": "get", "path": path}}
        reply = call("POST", REVIEWS, {"kind": "SubjectAccessReview", "spec": spec})
        assert reply.body["status"]["allowed"] is expected


def test_masters_may_do_everything(call: Call) -> None:
    assert allowed(call, groups=["system:masters"])


def test_a_malformed_subject_is_refused(call: Call) -> None:
    spec = {"user": ["dana"], "resourceAttributes": {"verb": "get", "resource": "pods"}}
    assert call("POST", REVIEWS, {"kind": "SubjectAccessReview", "spec": spec}).status == 400
