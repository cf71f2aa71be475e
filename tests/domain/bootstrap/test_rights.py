"""The portal's roles: enough for what it does, and nothing beyond."""

from dataclasses import replace
from typing import Any

import pytest

from egress.cluster import kinds
from egress.domain.access import Enforcement
from egress.domain.bootstrap.rights import needs, roles
from tests.cluster.company import PORTAL_NAME, PROFILE

FORBIDDEN_VERBS = {"*", "escalate", "bind", "impersonate", "deletecollection", "update"}


def rules(
    *enforcements: Enforcement, profile: Any = PROFILE, user: str = PORTAL_NAME
) -> list[tuple[str, dict[str, Any]]]:
    """Return each rule with the namespace it holds in, empty for all."""
    return [
        (role["metadata"].get("namespace", ""), rule)
        for role in roles(profile, enforcements, user)
        for rule in role.get("rules", [])
    ]


def writes(*enforcements: Enforcement, **more: Any) -> dict[str, set[str]]:
    """Return the resources that may be written, by the namespace."""
    found: dict[str, set[str]] = {}
    for namespace, rule in rules(*enforcements, **more):
        if "create" in rule["verbs"]:
            found.setdefault(namespace, set()).update(rule["resources"])
    return found


@pytest.mark.parametrize("enforcement", Enforcement)
def test_no_rule_holds_a_wildcard_secrets_or_a_way_to_more_rights(enforcement: Enforcement) -> None:
    for _, rule in rules(enforcement):
        assert not FORBIDDEN_VERBS & set(rule["verbs"])
        assert not {"*", "secrets"} & set(rule["resources"])
        assert "*" not in rule["apiGroups"]
        assert rule["apiGroups"] != ["rbac.authorization.k8s.io"]


def test_gateway_writes_traffic_objects_in_the_egress_namespace_alone() -> None:
    found = writes(Enforcement.GATEWAY)
    assert found == {
        "": {"sidecars", "services", "networkpolicies"},
        "istio-egress": {
            "serviceentries",
            "destinationrules",
            "virtualservices",
            "gateways",
            "authorizationpolicies",
        },
    }


def test_ambient_writes_next_to_nothing_in_client_namespaces() -> None:
    assert writes(Enforcement.AMBIENT)[""] == {"networkpolicies"}


def test_sidecar_needs_no_rights_in_the_egress_namespace_unless_entries_are_central() -> None:
    assert set(writes(Enforcement.SIDECAR)) == {""}
    central = replace(PROFILE, central_entries=True)
    assert set(writes(Enforcement.SIDECAR, profile=central)) == {""}
    assert "serviceentries" in writes(Enforcement.SIDECAR, profile=central)[""]


def test_rules_at_clients_are_written_there() -> None:
    layout = replace(PROFILE, rules_at_clients=True)
    assert "destinationrules" in writes(Enforcement.GATEWAY, profile=layout)[""]


def test_of_config_maps_only_the_meshs_own_is_read() -> None:
    found = [
        (n, rule) for n, rule in rules(Enforcement.GATEWAY) if "configmaps" in rule["resources"]
    ]
    ((namespace, rule),) = found
    assert (namespace, rule["resourceNames"], rule["verbs"]) == ("istio-system", ["istio"], ["get"])


def test_roles_are_bound_to_the_name_that_the_cluster_knows() -> None:
    bound = [one for one in roles(PROFILE, [Enforcement.GATEWAY], PORTAL_NAME) if "subjects" in one]
    account = {"kind": "ServiceAccount", "namespace": "egress-portal", "name": "portal"}
    assert [one["subjects"] for one in bound] == [[account]] * 3
    assert [one["roleRef"]["kind"] for one in bound] == ["ClusterRole", "Role", "Role"]
    named = [o for o in roles(PROFILE, [Enforcement.GATEWAY], "portal@corp") if "subjects" in o]
    assert {one["subjects"][0]["kind"] for one in named} == {"User"}


def test_reviews_of_others_are_asked_for_only_where_they_count() -> None:
    rule = {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["subjectaccessreviews"],
        "verbs": ["create"],
    }
    without = roles(PROFILE, [Enforcement.GATEWAY], PORTAL_NAME)
    asking = roles(PROFILE, [Enforcement.GATEWAY], PORTAL_NAME, reviews=True)
    assert rule not in without[0]["rules"]
    assert asking[0]["rules"] == [*without[0]["rules"], rule]
    assert asking[1:] == without[1:]


@pytest.mark.parametrize("enforcement", Enforcement)
def test_the_portal_knows_every_kind_that_it_has_rights_for(enforcement: Enforcement) -> None:
    known = {(kind.group, kind.plural) for kind in kinds.ALL_KINDS}
    wanted = needs([enforcement], rules_at_clients=True, central_entries=True)
    assert set(wanted.everywhere) | set(wanted.in_egress_namespace) <= known
